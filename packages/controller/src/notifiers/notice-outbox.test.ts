import { createHmac } from "node:crypto";
import { type App, type Notification, newApp, noticeKinds, type Outbox } from "@hitless/core";
import { exampleSettings } from "@hitless/core/testing";
import { afterEach, expect, it } from "vitest";
import { eventually } from "../testing/controller-bed.ts";
import { Receiver } from "../testing/hook-bed.ts";
import { MemoryFile } from "../testing/memory-file.ts";
import type { Situation } from "./due-notices.ts";
import { NoticeOutbox, type OutboxOptions } from "./notice-outbox.ts";
import { WebhookNotifier } from "./webhook.ts";

const now = Date.now();
const file = new MemoryFile<Outbox>();
const events: string[] = [];
const open = new Set<NoticeOutbox>();
const secrets = new Map([["HOOK_SECRET", "s3cret"]]);

afterEach(async () => {
  for (const each of open) await each.close();
  open.clear();
  file.value = null;
  file.refusal = null;
  events.length = 0;
});

async function outbox(options: Partial<OutboxOptions> = {}): Promise<NoticeOutbox> {
  const notifier = new WebhookNotifier({ read: async (name) => secrets.get(name) });
  const event = (text: string) => void events.push(text);
  const made = await NoticeOutbox.open({ file, notifier, event, firstPauseMs: 5, ...options });
  open.add(made);
  return made;
}

const to = (url: string, changes: Partial<Notification> = {}): Notification => {
  return { url, secret: null, on: noticeKinds, ...changes };
};

/** So many releases have succeeded. */
function after(releases: number, notifications: readonly Notification[], at = now): Situation {
  const fresh = newApp("shop", exampleSettings);
  const app: App = { ...fresh, settings: { ...fresh.settings, notifications } };
  const past = Array.from({ length: releases }, (_, index) => ({
    ...({ id: index + 1, kind: "release", cause: "test", from: index, to: index + 1 } as const),
    ...({ outcome: "succeeded", reason: null, startedAt: at, endedAt: at } as const),
  }));
  const why = { kind: "steady", revision: 1, available: 1, desired: 1 } as const;
  return { app, past, why, whySince: now, now };
}

/** What a receiver was told, without the origin. */
function told(receiver: Receiver): readonly string[] {
  const ids = receiver.got.map(({ body }) => String(JSON.parse(body).id));
  return ids.map((id) => id.slice(id.indexOf("/") + 1));
}

const release1 = ["1/started", "1/succeeded"];

it("posts what becomes of a release, signed, with its id as the key", async () => {
  await using receiver = await Receiver.listen();
  const box = await outbox();
  const receivers = [to(receiver.url, { secret: "HOOK_SECRET", on: ["succeeded"] })];
  await box.look(after(0, receivers));
  await box.look(after(1, receivers));
  await eventually("told", () => receiver.got.length === 1);
  const [got] = receiver.got;
  const { id, ...rest } = JSON.parse(got?.body ?? "");
  expect(rest).toEqual({
    ...{ kind: "succeeded", app: "shop", release: 1, revision: 1, at: now },
    text: "release 1 succeeded: revision 1 serves",
  });
  expect(got?.headers["idempotency-key"]).toBe(id);
  const [, t, v1] =
    /^t=(\d+),v1=([0-9a-f]{64})$/u.exec(String(got?.headers["hitless-signature"])) ?? [];
  expect(Math.abs(Number(t) - Date.now() / 1000)).toBeLessThan(60);
  expect(v1).toBe(createHmac("sha256", "s3cret").update(`${t}.${got?.body}`).digest("hex"));
  await eventually("nothing waits", () => file.value?.queue.length === 0);
});

it("sends again until it is taken, and says once that it is not", async () => {
  await using receiver = await Receiver.listen();
  receiver.answer = (response) => {
    response.writeHead(receiver.got.length < 4 ? 500 : 204).end();
  };
  const box = await outbox();
  await box.look(after(0, [to(receiver.url)]));
  await box.look(after(1, [to(receiver.url)]));
  await eventually("nothing waits", () => file.value?.queue.length === 0);
  expect([...new Set(told(receiver))].toSorted()).toEqual(release1);
  const host = new URL(receiver.url).host;
  expect(events).toEqual([
    `${host} does not take notices, which are kept and sent again: status 500`,
    `${host} takes notices again`,
  ]);
});

it("goes on under the same ids after its controller was killed", async () => {
  await using receiver = await Receiver.listen();
  await receiver.close();
  const killed = await outbox();
  await killed.look(after(0, [to(receiver.url)]));
  await killed.look(after(1, [to(receiver.url)]));
  const waiting = file.value?.queue.map(({ notice }) => notice.id);
  await killed.close();
  await receiver.open();
  const next = await outbox();
  await next.look(after(1, [to(receiver.url)]));
  await eventually("nothing waits", () => file.value?.queue.length === 0);
  expect(receiver.got.map(({ body }) => JSON.parse(body).id)).toEqual(waiting);
  expect(told(receiver)).toEqual(release1);
});

it("holds up no receiver for another", async () => {
  await using silent = await Receiver.listen();
  await using good = await Receiver.listen();
  silent.answer = () => undefined;
  const box = await outbox();
  const receivers = [to(silent.url), to(good.url)];
  await box.look(after(0, receivers));
  await box.look(after(1, receivers));
  await eventually("told", () => good.got.length === 2);
  expect(told(good)).toEqual(release1);
  await eventually("saved", () => file.value?.queue.length === 2);
  expect(file.value?.queue.map(({ url }) => url)).toEqual([silent.url, silent.url]);
});

it("keeps no notice from a receiver for one that it refuses, and asks it no oftener for many", async () => {
  await using receiver = await Receiver.listen();
  receiver.answer = (response, { body }) => {
    const refused = receiver.got.length < 9 || String(JSON.parse(body).id).endsWith("/1/started");
    response.writeHead(refused ? 400 : 204).end();
  };
  const box = await outbox({ firstPauseMs: 20 });
  await box.look(after(0, [to(receiver.url)]));
  await box.look(after(3, [to(receiver.url)]));
  await eventually("one is left", () => file.value?.queue.length === 1);
  expect(file.value?.queue[0]?.notice.id).toMatch(/1\/started$/u);
  // Each of them once, before any of them again.
  const times = told(receiver);
  expect(new Set(times.slice(0, 6)).size).toBe(6);
});

it("keeps a bounded number for each receiver, drops the oldest and says so", async () => {
  await using receiver = await Receiver.listen();
  await receiver.close();
  const box = await outbox();
  await box.look(after(0, [to(receiver.url)]));
  await box.look(after(51, [to(receiver.url)]));
  expect(file.value?.queue).toHaveLength(100);
  expect(file.value?.queue[0]?.notice.release).toBe(2);
  expect(events.filter((text) => text.includes("is never told of"))).toHaveLength(2);
});

it("gives up after a day and says so", async () => {
  await using receiver = await Receiver.listen();
  receiver.answer = (response) => void response.writeHead(500).end();
  const box = await outbox();
  const dayAgo = now - 86_400_001;
  await box.look(after(0, [to(receiver.url)]));
  await box.look(after(1, [to(receiver.url)], dayAgo));
  await eventually("nothing waits", () => file.value?.queue.length === 0);
  expect(receiver.got).toHaveLength(2);
  expect(events[0]).toMatch(/is never told of .*1\/started: status 500, for 24 h$/u);
});

it("waits for a secret that has no value, and does not send unsigned", async () => {
  await using receiver = await Receiver.listen();
  const box = await outbox();
  const receivers = [to(receiver.url, { secret: "NO_SUCH" })];
  await box.look(after(0, receivers));
  await box.look(after(1, receivers));
  await eventually("it is said", () => events[0]?.includes("secret NO_SUCH has no value"));
  expect(receiver.got).toEqual([]);
});

it("forgets what was for a receiver that is gone, and tells a new one what comes next", async () => {
  await using gone = await Receiver.listen();
  await using fresh = await Receiver.listen();
  await gone.close();
  const box = await outbox();
  await box.look(after(0, [to(gone.url)]));
  await box.look(after(1, [to(gone.url)]));
  await box.look(after(1, [to(fresh.url)]));
  expect(file.value?.queue).toEqual([]);
  await box.look(after(2, []));
  await box.look(after(3, [to(fresh.url)]));
  await eventually("told", () => fresh.got.length === 2);
  expect(told(fresh)).toEqual(["3/started", "3/succeeded"]);
});

it("keeps nothing for an app without receivers", async () => {
  const box = await outbox();
  await box.look(after(1, []));
  expect(file.value).toBeNull();
});

it("sends nothing under ids that a new controller would not give, and goes on once they are saved", async () => {
  await using receiver = await Receiver.listen();
  const box = await outbox();
  file.refusal = new Error("the disk is full");
  await box.look(after(0, [to(receiver.url)]));
  await box.look(after(1, [to(receiver.url)]));
  expect(events).toEqual(["notices are not saved: the disk is full"]);
  file.refusal = null;
  expect(receiver.got).toEqual([]);
  await box.look(after(1, [to(receiver.url)]));
  await eventually("told", () => receiver.got.length === 2);
});
