import { setTimeout as after } from "node:timers/promises";
import { answerTo, headBytes, MisbehavingApp, type Misdeed } from "../test/bed/misbehaving-app.ts";
import { OwnProxy } from "../test/bed/own-proxy.ts";
import { type RawAnswer, type RawRequest, rawAnswer } from "../test/bed/raw-answer.ts";
import type { Finding, Proof } from "./proof.ts";

const idempotent = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"];
const unsafe = ["POST", "PATCH"];
const withBody = ["PUT", "POST", "PATCH"];
const smallBody = 1_000;
/** More than the proxy keeps. */
const largeBody = 200_000;
const burst = 300;
const atOnce = 24;
/** Fewer retries a second than the budget allows in any case. */
const retryEveryMs = 125;
const rule = { kind: "byReplica", revisions: [1] } as const;

interface Case extends RawRequest, Misdeed {}

/** Each row of the table in docs/proxy.md, the app's own ledger as the judge. */
export const proof: Proof = {
  title:
    "a replica that resets or ends at each byte of its answer: no POST runs twice, idempotent requests succeed",
  seconds: 40,
  takes: [
    { kind: "number", name: "STEP", what: "every how many bytes of the answer; 1", least: 1 },
  ],
  async run(args): Promise<Finding> {
    await using app = await MisbehavingApp.start();
    await using proxy = await OwnProxy.start(1);
    const faults: string[] = [];
    const cases = casesOf(Number(args[0] ?? 1));
    const closed = cases.filter((one) => one.bytes === 0);
    const begun = cases.filter((one) => one.bytes > 0);
    await proxy.route(rule, app.upstreams, { holdMs: 2_000 });
    for (const one of closed) {
      faults.push(...(await judged(one, app, proxy.port)));
      await after(retryEveryMs);
    }
    for (let n = 0; n < begun.length; n += atOnce) {
      const some = begun.slice(n, n + atOnce);
      const found = await Promise.all(some.map((one) => judged(one, app, proxy.port)));
      faults.push(...found.flat());
    }
    const refused = await connectRefused(app, proxy);
    const spent = await budgetSpent(app, proxy);
    const control = await naiveControl(app);
    faults.push(...refused.faults, ...spent.faults, ...control.faults);
    for (const fault of faults.slice(0, 20)) console.log(`FAULT ${fault}`);
    return {
      figure:
        `${closed.length} requests closed before the first byte of the answer, ${begun.length} after each later one (reset and end): ` +
        `all as the table says, ${twice(app, unsafe)} POST or PATCH executed twice; ${refused.text}; ${spent.text}; control: ${control.text}`,
      ok: faults.length === 0,
    };
  },
};

function casesOf(step: number): readonly Case[] {
  return (["reset", "end"] as const).flatMap((how) =>
    requests().flatMap(({ method, bodyBytes }) =>
      cutsOf(method, step).map((bytes) => {
        const path = `/${method}/${how}/${bodyBytes}/${bytes}`;
        return { method, path, bodyBytes, bytes, how };
      }),
    ),
  );
}

/** Every method, with a body that is kept and with one that is not where it has one. */
function requests(): readonly Omit<RawRequest, "path">[] {
  return [...idempotent, ...unsafe].flatMap((method) => {
    const sizes = withBody.includes(method) ? [smallBody, largeBody] : [0];
    return sizes.map((bodyBytes) => ({ method, bodyBytes }));
  });
}

/** Before the first byte, then every `step` bytes, and the whole answer, which is as it should be. */
function cutsOf(method: string, step: number): readonly number[] {
  const whole = answerTo(method).length;
  const between = Array.from({ length: Math.ceil((whole - 1) / step) }, (_, n) => 1 + n * step);
  return [0, ...between, whole];
}

/** Sends it and says what is not as the table has it. */
async function judged(one: Case, app: MisbehavingApp, port: number): Promise<readonly string[]> {
  app.misdeeds.set(one.path, one);
  const got = await rawAnswer(port, one);
  const wanted = expected(one);
  const executed = app.executed(one.path);
  const same = got.status === wanted.status && got.reason === wanted.reason;
  if (same && executed === wanted.executed) return [];
  const said = ({ status, reason }: RawAnswer) => `${status} ${reason ?? ""}`;
  return [
    `${one.path}: ${said(got)}, ${executed} executions; wanted ${said(wanted)}, ${wanted.executed}`,
  ];
}

function expected(one: Case): RawAnswer & { readonly executed: number } {
  const { method, bytes, bodyBytes } = one;
  const answered = { status: 200, reason: null };
  const failed = { status: 502, reason: "upstream-closed" };
  if (bytes === answerTo(method).length) return { ...answered, executed: 1 };
  if (bytes >= headBytes) return { status: "broken", reason: null, executed: 1 };
  const again = bytes === 0 && idempotent.includes(method) && bodyBytes < largeBody;
  return again ? { ...answered, executed: 2 } : { ...failed, executed: 1 };
}

interface Part {
  readonly text: string;
  readonly faults: readonly string[];
}

/** One of two replicas refuses connections: nothing was sent, so any method goes to the other. */
async function connectRefused(app: MisbehavingApp, proxy: OwnProxy): Promise<Part> {
  const port = await closedPort();
  const faults: string[] = [];
  let sent = 0;
  for (const { method, bodyBytes } of requests()) {
    // One of its own, or the proxy would know who refuses.
    const refusing = { id: `refuses-${sent}`, revision: 1, host: "127.0.0.1", port };
    await proxy.route(rule, [refusing, ...app.upstreams.slice(0, 1)]);
    for (let n = 0; n < 2; n += 1) {
      const path = `/refused/${method}/${bodyBytes}/${n}`;
      const { status, reason } = await rawAnswer(proxy.port, { method, path, bodyBytes });
      const executed = app.executed(path);
      sent += 1;
      if (status === 200 && executed === 1) continue;
      faults.push(`${path}: ${status} ${reason ?? ""}, ${executed} executions`);
    }
  }
  const { revisions } = await proxy.client.status();
  const met = revisions["1"]?.connectionErrors ?? 0;
  return {
    text: `1 of 2 replicas refuses: ${sent - faults.length} of ${sent} requests of all methods answered`,
    faults: met === 0 ? [...faults, "no connection was refused"] : faults,
  };
}

async function closedPort(): Promise<number> {
  await using gone = await MisbehavingApp.start();
  return gone.upstreams[0]?.port ?? 0;
}

/** More at once than the budget allows: those beyond it get an honest 502. */
async function budgetSpent(app: MisbehavingApp, proxy: OwnProxy): Promise<Part> {
  await proxy.route(rule, app.upstreams);
  // What was asked before allows nothing any more.
  await after(2_500);
  const paths = Array.from({ length: burst }, (_, n) => `/burst/${n}`);
  for (const path of paths) app.misdeeds.set(path, { bytes: 0, how: "reset" });
  const send = (path: string) => rawAnswer(proxy.port, { method: "GET", path, bodyBytes: 0 });
  const got = await Promise.all(paths.map(send));
  const answered = got.filter((one) => one.status === 200).length;
  const honest = got.filter((one) => one.status === 502 && one.reason === "upstream-closed").length;
  const faults: string[] = [];
  if (answered + honest !== burst) faults.push(`burst: ${answered} answered, ${honest} got a 502`);
  if (answered === 0 || honest === 0) faults.push("the burst did not spend the budget");
  return {
    text: `${burst} GETs broken at once: ${answered} sent again, ${honest} got a 502`,
    faults,
  };
}

/** Who sends everything again that was not answered executes orders twice: the ledger has to see that. */
async function naiveControl(app: MisbehavingApp): Promise<Part> {
  const orders = 20;
  for (let n = 0; n < orders; n += 1) {
    const path = `/POST/naive/${n}`;
    app.misdeeds.set(path, { bytes: n, how: "reset" });
    for (const { port } of app.upstreams) {
      const got = await rawAnswer(port, { method: "POST", path, bodyBytes: smallBody });
      if (got.status === 200) break;
    }
  }
  const seen = [...app.executions].filter(([path, n]) => path.startsWith("/POST/naive") && n > 1);
  return {
    text: `a client that sends again itself executed ${seen.length} of ${orders} orders twice`,
    faults: seen.length === orders ? [] : ["the ledger did not see the control"],
  };
}

function twice(app: MisbehavingApp, methods: readonly string[]): number {
  const own = ([path]: readonly [string, number]) =>
    methods.some((method) => path.startsWith(`/${method}/`)) && !path.includes("/naive/");
  return [...app.executions].filter(own).filter(([, n]) => n > 1).length;
}
