import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { noCounts } from "../counts.ts";
import type { Peer } from "../peer.ts";
import { ownRecord } from "../process-record.ts";
import { Cleanup, eventually, temporaryFolder } from "../testing/proxy-harness.ts";
import { HolderLink, type HolderLinkOptions } from "./holder-link.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const nextPid = 4_711;

/** A worker whose holder is gone. */
async function orphan(options: Pick<HolderLinkOptions, "nextWithinMs"> = {}) {
  const path = join(await temporaryFolder(cleanup), "workers.sock");
  const seen = { path, another: true, asked: 0, started: 0, killed: 0, orphan: true };
  cleanup.add(() => {
    seen.orphan = false;
  });
  let gone: (how: string) => void = () => undefined;
  const next: Peer = {
    pid: nextPid,
    send: () => undefined,
    kill: () => {
      seen.killed += 1;
      gone("was ended");
    },
    onMessage: () => undefined,
    onGone: (listener) => {
      gone = listener;
    },
  };
  const link = new HolderLink({
    ...options,
    path,
    rank: 0,
    starterLives: () => !seen.orphan,
    introduction: () => ({
      kind: "here",
      process: ownRecord(),
      slot: 0,
      term: 1,
      begun: true,
      serves: true,
      leaving: false,
      table: null,
      counts: noCounts,
    }),
    receive: (message) => {
      if (message.kind === "heritage") link.met(message.holderPid);
    },
    orphaned: async () => undefined,
    anotherStarts: async () => {
      seen.asked += 1;
      return seen.another;
    },
    startNext: () => {
      seen.started += 1;
      return next;
    },
  });
  void link.seek();
  return { seen, link };
}

test("starts the next holder when nobody else does", async () => {
  const { seen, link } = await orphan();
  await eventually(() => seen.asked >= 3);
  expect([seen.started, link.starting]).toEqual([0, false]);
  seen.another = false;
  await eventually(() => seen.started === 1);
  expect(link.starting).toBe(true);
});

test("one that hangs while it starts is ended, and another one started", async () => {
  const { seen } = await orphan({ nextWithinMs: 50 });
  seen.another = false;
  await eventually(() => seen.started >= 3);
  expect(seen.killed).toBeGreaterThanOrEqual(2);
});

test.each([
  ["is left alone when it is the holder", nextPid, 0],
  ["is ended when another one is", 42, 1],
])("the one that it has started %s", async (_name, holderPid, killed) => {
  const { seen, link } = await orphan();
  seen.another = false;
  await eventually(() => seen.started === 1);
  const heritage = { kind: "heritage", holderPid, rank: 0, heritage: null };
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined).write(`${JSON.stringify(heritage)}\n`);
  });
  await new Promise<void>((resolve) => server.listen(seen.path, resolve));
  cleanup.add(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await eventually(() => !link.starting);
  expect(seen.killed).toBe(killed);
});
