import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Certificate, Item } from "@hitless/load";
import { repository } from "../test/bed/app-bed.ts";
import {
  badApps,
  commandOf,
  type DrainApp,
  type DrainTimes,
  fakeDatabase,
  goodApps,
  missingFor,
  otherBadApps,
  timesFor,
} from "../test/bed/drain-apps.ts";
import { OwnFolder } from "../test/bed/own-folder.ts";
import type { Finding, Proof } from "./proof.ts";

/** A slow request outlasts the delay: what cuts work cuts it then. */
const times: DrainTimes = { delayMs: 1500, slowMs: 2500 };
const flags = ["--drain-delay", "1s", "--grace", "10s", "--json"];
const refused = 6;

/** `bin/hitless certify` from a folder of its own, on apps that stop badly and well. */
export const proof: Proof = {
  title:
    "certify finds the fault of six bad apps by the item of that fault, and passes Node, the kit, Python and Go",
  seconds: 300,
  async run(): Promise<Finding> {
    const found: { readonly app: DrainApp; readonly fault: string | null }[] = [];
    for (const app of [...badApps, ...otherBadApps, ...goodApps])
      found.push({ app, fault: await certifyOne(app) });
    const right = (apps: readonly DrainApp[]) =>
      found.filter(({ app, fault }) => apps.includes(app) && fault === null).length;
    return {
      figure:
        `${right(badApps)} of ${badApps.length} bad apps failed by the item of their fault and by no other, ` +
        `and ${right(otherBadApps)} of ${otherBadApps.length} made for the other items; ` +
        `${right(goodApps)} of ${goodApps.length} good ones passed everything that applies: ` +
        found
          .filter(({ app, fault }) => app.fault === null && fault === null)
          .map(({ app }) => app.name)
          .join(", "),
      ok: found.every(({ fault }) => fault === null),
    };
  },
};

/** What was wrong with what certify said of an app; null: nothing. */
async function certifyOne(app: DrainApp): Promise<string | null> {
  const missing = missingFor(app);
  const fault = missing ?? (await complaintOf(app));
  if (fault !== null) console.log(`FAULT ${app.name}: ${fault}`);
  return fault;
}

async function complaintOf(app: DrainApp): Promise<string | null> {
  await using folder = new OwnFolder("hitless-certify-");
  await using database = await fakeDatabase();
  const command = await commandOf(app, folder);
  const args = [
    "certify",
    ...flags,
    ...pathFlags(app),
    ...(app.behind === undefined ? [] : ["--behind", app.behind]),
    ...(app.database ? ["--dependency", `DATABASE=${database.address}`] : []),
    "--command",
    command.join(" "),
  ];
  const child = spawn(join(repository, "bin/hitless"), args, {
    cwd: folder.path,
    env: { ...process.env, ...folder.env, ...timesFor(times), FAULT: app.fault ?? "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const [said, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (said === "") return `it said nothing, and ended with ${code}: ${errors.trim()}`;
  const certificate: Certificate = JSON.parse(said);
  tell(app, certificate);
  return judge(app, certificate, code);
}

function tell({ name, fault }: DrainApp, { items, counts }: Certificate): void {
  if (name === "faulty") console.log(`${name}: its fault is ${fault}`);
  const failed = items.filter(isFailed);
  for (const { title, evidence } of failed) console.log(`${name}: FAIL ${title}: ${evidence}`);
  console.log(
    `${name}: ${counts.pass} passed, ${counts.fail} failed, ${counts["not-tested"]} not tested`,
  );
}

function judge(app: DrainApp, { items }: Certificate, code: number | null): string | null {
  const failed = items.filter(isFailed).map(({ id }) => id);
  const wanted = app.fault === null ? [] : [app.fault];
  if (failed.join() !== wanted.join()) return `failed [${failed}], not [${wanted}]`;
  const wantedCode = app.fault === null ? 0 : refused;
  if (code !== wantedCode) return `exit code ${code}, not ${wantedCode}`;
  const left = items.filter((item) => item.verdict === "not-tested" && isDue(item, app));
  return app.fault === null && left.length > 0 ? `not tested: ${left.map(({ id }) => id)}` : null;
}

/** Whether a good app gave certify all that it needs for this item. */
function isDue({ id }: Item, { database, paths }: DrainApp): boolean {
  if (id === "liveness-alone" || id === "readiness-tells") return database;
  return id !== "held-web-socket" || paths.webSocket !== undefined;
}

function isFailed({ verdict }: Item): boolean {
  return verdict === "fail";
}

function pathFlags({ paths }: DrainApp): readonly string[] {
  const names = { slow: "--slow-path", sse: "--sse-path", webSocket: "--ws-path" } as const;
  return (["slow", "sse", "webSocket"] as const).flatMap((name) => {
    const path = paths[name];
    return path === undefined ? [] : [names[name], path];
  });
}
