import { expect, it } from "vitest";
import { eventually } from "../testing/controller-bed.ts";
import { commandOf, HookBed, orderOf, Receiver, runs } from "../testing/hook-bed.ts";

const { signal } = new AbortController();

it("runs a command in the app's folder, told what it is for, and gives its last line", async () => {
  using bed = new HookBed();
  const runner = await bed.open();
  bed.preview = { port: 4711, revision: 7 };
  const names = ["APP", "RELEASE", "REVISION", "HOOK", "HOOK_KEY", "PREVIEW_PORT"];
  const said = names.map((name) => `$HITLESS_${name}`).join("|");
  const result = await runner.run(commandOf(`pwd > cwd; echo one; echo "${said}"; echo`), signal);
  const detail = "shop|3|7|warm|shop/3/canary 5 %/warm|4711";
  expect(result).toEqual({ outcome: "done", detail });
  expect(bed.text("cwd").trim()).toBe(bed.dir);
  expect(bed.notes.value).toEqual([]);
});

it("fills the release into a list, and gives no preview port of another revision", async () => {
  using bed = new HookBed();
  const runner = await bed.open();
  bed.preview = { port: 4711, revision: 6 };
  const print = 'echo "$1 $2 <$HITLESS_PREVIEW_PORT>"';
  const order = commandOf(["sh", "-c", print, "sh", "{{revision}}/{{release}}", "{{other}}"]);
  expect(await runner.run(order, signal)).toEqual({
    outcome: "done",
    detail: "7/3 {{other}} <>",
  });
});

it.each<readonly [string | readonly string[], string]>([
  ["echo broken >&2; exit 3", "exit 3: broken"],
  ["kill -9 $$", "ended by SIGKILL"],
  ["exit 1", "exit 1"],
])("says how %j failed", async (command, detail) => {
  using bed = new HookBed();
  const runner = await bed.open();
  expect(await runner.run(commandOf(command), signal)).toEqual({ outcome: "failed", detail });
});

it("names a program that is not there", async () => {
  using bed = new HookBed();
  const runner = await bed.open();
  const { outcome, detail } = await runner.run(commandOf(["./no-such-hook"]), signal);
  expect(outcome).toBe("failed");
  expect(detail).toMatch(/^exit 127: .*no-such-hook/u);
});

it("keeps the end of an output without end, on one line without escapes", async () => {
  using bed = new HookBed();
  const runner = await bed.open();
  const command = "head -c 300000 /dev/zero | tr '\\0' x; echo; printf 'a\\033[1m%0500d\\n' 1";
  const { detail } = await runner.run(commandOf(command), signal);
  expect(detail).toHaveLength(300);
  expect(detail).toMatch(/^a \[1m0+$/u);
});

it("tries again until it succeeds, under the same key", async () => {
  using bed = new HookBed();
  const runner = await bed.open();
  const command = 'echo "$HITLESS_HOOK_KEY" >> tries; [ $(wc -l < tries) -ge 3 ]';
  expect((await runner.run(commandOf(command, { attempts: 5 }), signal)).outcome).toBe("done");
  expect(bed.text("tries")).toBe("shop/3/canary 5 %/warm\n".repeat(3));
  const result = await runner.run(commandOf("exit 1", { attempts: 2 }), signal);
  expect(result.detail).toBe("exit 1 (the last of 2 attempts)");
});

it("kills a command that takes too long, with its children", async () => {
  using bed = new HookBed();
  const runner = await bed.open();
  const command = "sleep 1000 & echo $! > child; sleep 1000";
  const result = await runner.run(commandOf(command, { timeoutMs: 300 }), signal);
  expect(result).toEqual({ outcome: "failed", detail: "not over within 0.3 s" });
  const child = Number(bed.text("child"));
  await eventually("the child is gone", () => !runs(child));
});

it("ends what a command leaves behind when it is over", async () => {
  using bed = new HookBed();
  const runner = await bed.open();
  const command = "sleep 1000 & echo $! > child";
  expect((await runner.run(commandOf(command), signal)).outcome).toBe("done");
  const child = Number(bed.text("child"));
  await eventually("the child is gone", () => !runs(child));
});

it("ends a command when it is called off", async () => {
  using bed = new HookBed();
  const runner = await bed.open();
  const calledOff = new AbortController();
  const running = runner.run(
    commandOf("echo > began; sleep 1000", { attempts: 9 }),
    calledOff.signal,
  );
  await eventually("it runs", () => bed.text("began") !== "");
  calledOff.abort();
  expect(await running).toEqual({ outcome: "failed", detail: "it was interrupted" });
  expect(bed.notes.value).toEqual([]);
});

it("does nothing before its process is noted, and runs once it can be", async () => {
  using bed = new HookBed();
  const runner = await bed.open();
  bed.notes.refusal = new Error("the disk is full");
  const order = commandOf("echo >> ran");
  const running = runner.run(order, signal);
  await eventually("it is told", () => bed.events.length > 0);
  expect(bed.events).toEqual([`hook ${order.key} waits, it cannot be noted: the disk is full`]);
  expect(bed.text("ran")).toBe("");
  bed.notes.refusal = null;
  expect(await running).toEqual({ outcome: "done", detail: "" });
  expect(bed.text("ran")).toBe("\n");
});

it("does nothing when its time is over before its process can be noted", async () => {
  using bed = new HookBed();
  const runner = await bed.open();
  bed.notes.refusal = new Error("the disk is full");
  const result = await runner.run(commandOf("echo >> ran", { timeoutMs: 50 }), signal);
  expect(result).toEqual({ outcome: "failed", detail: "not over within 0.05 s" });
  expect(bed.text("ran")).toBe("");
});

it("ends the first run of a hook whose controller was killed before it runs it again", async () => {
  using bed = new HookBed();
  const killed = await bed.open();
  const command = "echo $$ >> runs; [ $(wc -l < runs) -gt 1 ] || { trap '' TERM; sleep 1000; }";
  const order = commandOf(command);
  const first = killed.run(order, signal);
  await eventually("it runs", () => bed.text("runs") !== "");
  const noted = bed.notes.value;
  const next = await bed.open();
  expect(await next.run(order, signal)).toEqual({ outcome: "done", detail: "" });
  const [orphan] = bed.text("runs").split("\n").map(Number);
  expect(noted?.map(({ leader }) => leader.pid)).toEqual([orphan]);
  expect(bed.events).toEqual([expect.stringContaining(`ended: process group ${orphan}`)]);
  expect(await first).toEqual({ outcome: "failed", detail: "ended by SIGKILL" });
  await eventually("nothing is noted", () => bed.notes.value?.length === 0);
});

it("ends what nobody wants any more as well", async () => {
  using bed = new HookBed();
  const killed = await bed.open();
  const first = killed.run(commandOf("echo > began; sleep 1000"), signal);
  await eventually("it runs", () => bed.text("began") !== "");
  await bed.open();
  expect((await first).outcome).toBe("failed");
  await eventually("nothing is noted", () => bed.notes.value?.length === 0);
});

it("posts what it is for, with its key, and takes 2xx for success", async () => {
  using bed = new HookBed();
  await using receiver = await Receiver.listen();
  receiver.answer = (response) => void response.writeHead(202).end("warm\n");
  const runner = await bed.open();
  const order = orderOf({ kind: "http", url: `${receiver.url}?r={{revision}}&k={{key}}` });
  expect(await runner.run(order, signal)).toEqual({ outcome: "done", detail: "warm" });
  const [got] = receiver.got;
  expect(JSON.parse(got?.body ?? "")).toEqual({
    app: "shop",
    release: 3,
    revision: 7,
    hook: "warm",
    key: order.key,
  });
  expect(got?.headers["idempotency-key"]).toBe(order.key);
  expect(got?.headers["content-type"]).toBe("application/json");
});

it("fills what only the environment knows into an address, and says no word of it", async () => {
  using bed = new HookBed();
  await using receiver = await Receiver.listen();
  const runner = await bed.open();
  const url = `${receiver.url.replace("//", "//ci:$CI_PASSWORD@")}?token=$TOKEN`;
  const order = orderOf({ kind: "http", url });
  bed.secrets.set("CI_PASSWORD", "p@ss:w/rd");
  const missing = { outcome: "failed", detail: "TOKEN is not set for the controller" };
  expect(await runner.run(order, signal)).toEqual(missing);
  bed.secrets.set("TOKEN", "a&b");
  expect((await runner.run(order, signal)).outcome).toBe("done");
  const [got] = receiver.got;
  const said = Buffer.from("ci:p@ss:w/rd").toString("base64");
  expect(got?.headers.authorization).toBe(`Basic ${said}`);
  expect(got?.path).toBe("/hook?token=a%26b");
  await receiver.close();
  const { detail } = await runner.run(order, signal);
  expect(detail).toContain("ECONNREFUSED");
  expect(detail).not.toMatch(/ss.*rd|a%26b|hook/u);
});

it("takes other answers, redirects and silence for failures", async () => {
  using bed = new HookBed();
  await using receiver = await Receiver.listen();
  const runner = await bed.open();
  const order = (timeoutMs: number) => orderOf({ kind: "http", url: receiver.url }, { timeoutMs });
  const failed = (detail: string) => ({ outcome: "failed", detail });
  receiver.answer = (response) => void response.writeHead(503).end("not yet\n");
  expect(await runner.run(order(9000), signal)).toEqual(failed("status 503: not yet"));
  receiver.answer = (response) => void response.writeHead(302, { location: receiver.url }).end();
  const redirect = "status 302: a redirect, which is not followed";
  expect(await runner.run(order(9000), signal)).toEqual(failed(redirect));
  receiver.answer = () => undefined;
  expect(await runner.run(order(100), signal)).toEqual(failed("not over within 0.1 s"));
  expect(receiver.got).toHaveLength(3);
  await receiver.close();
  expect((await runner.run(order(9000), signal)).detail).toContain("ECONNREFUSED");
});

it("does not read an answer without end", async () => {
  using bed = new HookBed();
  await using receiver = await Receiver.listen();
  receiver.answer = (response) => {
    const write = () => {
      while (!response.destroyed && response.write("x".repeat(10_000)));
    };
    response.on("drain", write);
    write();
  };
  const runner = await bed.open();
  const result = await runner.run(orderOf({ kind: "http", url: receiver.url }), signal);
  expect(result.outcome).toBe("done");
});

it("puts load on the preview address, and says so when there is none", async () => {
  using bed = new HookBed();
  const runner = await bed.open();
  const ports: number[] = [];
  bed.runLoad = async (_, port) => {
    ports.push(port);
    return { outcome: "failed", detail: "3 of 9 requests lost" };
  };
  const action = { rate: 10, forMs: 1000, path: "/", lostAtMost: 0, p95BelowMs: null };
  const order = orderOf({ kind: "load", ...action });
  expect((await runner.run(order, signal)).detail).toContain("has no preview address");
  bed.preview = { port: 4711, revision: 7 };
  expect((await runner.run(order, signal)).detail).toBe("3 of 9 requests lost");
  expect(ports).toEqual([4711]);
});
