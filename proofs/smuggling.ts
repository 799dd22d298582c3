import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startRival } from "../benchmarks/proxy/contender.ts";
import { rivals } from "../benchmarks/proxy/rivals.ts";
import { AppBed, isRunning, until } from "../test/bed/app-bed.ts";
import { LaxProxy } from "../test/bed/lax-proxy.ts";
import { OwnFolder } from "../test/bed/own-folder.ts";
import { portsOf } from "../test/bed/replica-ports.ts";
import { type Attack, attacks } from "../test/bed/smuggling-attacks.ts";
import { type Conversation, converse } from "../test/bed/smuggling-client.ts";
import type { Finding, Proof } from "./proof.ts";

const fronts = ["nginx", "HAProxy"] as const;
/** Where each of these configurations sets headers: there it also names what it forwards. */
const naming = {
  nginx: [
    "proxy_http_version 1.1;",
    "proxy_http_version 1.1;\n      proxy_set_header X-Front $request_uri;",
  ],
  HAProxy: ["option forwardfor", "option forwardfor\n  http-request set-header X-Front %[url]"],
} as const;

/** Requests hidden in requests, against an app that would fall for each. */
export const proof: Proof = {
  title: `${attacks.length} ways to smuggle a request are refused by name, behind nginx and HAProxy too; a lax proxy falls for them`,
  seconds: 120,
  async run(): Promise<Finding> {
    await using folder = new OwnFolder("hitless-smuggling-");
    const ledger = join(folder.path, "ledger");
    await writeFile(ledger, "");
    const app = "../test/bed/apps/lax";
    await using bed = await AppBed.make({ app, settings: { config: { LEDGER: ledger } } });
    await bed.must(0, "up", "--detach");
    const direct = await throughHitless(bed.port, ledger);
    const smuggledByLax = await throughLaxProxy(bed, ledger);
    let behind = 0;
    const missing: string[] = [];
    for (const name of fronts) {
      const wrong = await throughFront(name, bed.port, ledger);
      if (wrong === null) missing.push(name);
      else behind += wrong;
    }
    const without =
      missing.length === 0 ? "" : ` (${missing.join(", ")} missing: apt-get install nginx haproxy)`;
    return {
      figure: `${attacks.length} attacks: ${direct} not refused as they have to be, ${behind} smuggled behind nginx and HAProxy${without}; control: a lax proxy let ${smuggledByLax} through`,
      ok: direct === 0 && behind === 0 && smuggledByLax >= 2 && missing.length === 0,
    };
  },
};

/** How many attacks are not refused by name, reach the app, or disturb an honest request. */
async function throughHitless(port: number, ledger: string): Promise<number> {
  let wrong = 0;
  for (const [index, attack] of attacks.entries()) {
    const { talk, honest } = await attempt(port, attack, `direct-${index}`);
    const [answer] = talk.answers;
    const seen = await seenBy(ledger, `direct-${index}`);
    const complaint =
      complaintAbout(attack, talk) ??
      (honest ? null : "an honest request was not answered") ??
      (seen.some(({ target }) => target.includes("/smuggled")) ? "it was smuggled" : null);
    if (complaint !== null) wrong += 1;
    const said = `${answer?.status ?? "nothing"} ${answer?.reason ?? ""}`.trim();
    console.log(`hitless  ${attack.name.padEnd(28)} ${said.padEnd(22)} ${complaint ?? "right"}`);
  }
  return wrong;
}

function complaintAbout({ refused }: Attack, { answers, closed }: Conversation): string | null {
  const [first, ...others] = answers;
  if (refused !== null) {
    if (first?.status !== refused.status || first.reason !== refused.reason) {
      return `wanted ${refused.status} ${refused.reason}`;
    }
    return closed && others.length === 0 ? null : "the connection went on";
  }
  if (first?.status !== 200) return "wanted 200";
  return others[0]?.body.includes("/honest") === true ? null : "the connection did not go on";
}

/** How many attacks a proxy that falls for them lets through: the instrument can see. */
async function throughLaxProxy(bed: AppBed, ledger: string): Promise<number> {
  const [port] = (await portsOf(bed)).values();
  if (port === undefined) throw new Error("no replica to attack");
  await using proxy = await LaxProxy.open(port);
  return await smuggledPast("lax proxy", proxy.port, ledger);
}

/** Null when that front is not installed. */
async function throughFront(
  name: (typeof fronts)[number],
  port: number,
  ledger: string,
): Promise<number | null> {
  const rival = rivals.find((each) => each.name === name);
  if (rival === undefined || rival.missing !== null) return null;
  await using folder = new OwnFolder("hitless-front-");
  const prepare: typeof rival.prepare = async (seat) => {
    const command = await rival.prepare(seat);
    const [config = ""] = command.filter((word) => /\.(?:conf|cfg)$/.test(word));
    const [place, named] = naming[name];
    const text = await readFile(config, "utf8");
    if (!text.includes(place)) throw new Error(`${config} has no ${place}`);
    await writeFile(
      config,
      text.replace(place, () => named),
    );
    return command;
  };
  const front = await startRival(
    { ...rival, prepare },
    { folder: folder.path, upstreamPort: port },
  );
  const smuggled = await smuggledPast(name, front.port, ledger);
  // Killed with its folder, its master would leave its workers behind.
  process.kill(front.pid, "SIGTERM");
  await until(() => !isRunning(front.pid), `${name} has ended`);
  return smuggled;
}

/** How many attacks brought the app a request that the front has not seen, or broke an honest one. */
async function smuggledPast(name: string, port: number, ledger: string): Promise<number> {
  let smuggled = 0;
  for (const [index, attack] of attacks.entries()) {
    const id = `${name.replace(" ", "-")}-${index}`;
    const { talk, honest } = await attempt(port, attack, id);
    const seen = await seenBy(ledger, id);
    const unseen = seen.filter(({ target, front }) => !target.endsWith(front) || front === "");
    const wrong = unseen.length > 0 || !honest;
    if (wrong) smuggled += 1;
    const said = `${talk.answers[0]?.status ?? "nothing"} ${talk.answers[0]?.reason ?? ""}`.trim();
    const what = unseen.length > 0 ? "SMUGGLED" : "nothing smuggled";
    const line = honest ? what : `${what}, an honest request was not answered`;
    console.log(`${name.padEnd(8)} ${attack.name.padEnd(28)} ${said.padEnd(22)} ${line}`);
  }
  return smuggled;
}

/** The attack with an honest request behind it, and one on another connection. */
async function attempt(port: number, { by, bytes }: Attack, id: string) {
  const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: shop\r\n\r\n`;
  const attack = bytes(`/first?by=${by}&id=${id}`, `/smuggled?id=${id}`);
  const talk = await converse(port, attack, request(`/honest?id=${id}-same`));
  const path = `/honest?id=${id}-other`;
  const other = await converse(port, request(path), request(path));
  return { talk, honest: other.answers[0]?.body.includes(path) === true };
}

interface Entry {
  readonly target: string;
  readonly front: string;
}

async function seenBy(ledger: string, id: string): Promise<readonly Entry[]> {
  const lines = (await readFile(ledger, "utf8")).split("\n").filter((line) => line !== "");
  const entries: readonly Entry[] = lines.map((line) => JSON.parse(line));
  return entries.filter(({ target }) => new RegExp(`id=${id}(?:-|$)`).test(target));
}
