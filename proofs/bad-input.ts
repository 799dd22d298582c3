import { symlink } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { AppBed, type CommandResult, isRunning } from "../test/bed/app-bed.ts";
import { badCommands, badFiles, goodAppFile } from "../test/bed/bad-inputs.ts";
import { lacking, type Refusal, refusalOf, refusalsOf, writeAppFile } from "../test/bed/refusal.ts";
import type { Finding, Proof } from "./proof.ts";

/** Everything that talks to a controller. */
const talkers = [
  ..."release rollback restart pause resume abort status why history events logs load".split(" "),
  "scale 2",
  "down",
];

/** Bad input is refused with its place, its value and the way out, and changes nothing. */
export const proof: Proof = {
  title: "bad input ends with code 2, file:line:column, the value and what to do; nothing changes",
  seconds: 120,
  async run(): Promise<Finding> {
    const fresh = await onFreshFolders();
    const { refused, seen } = await onRunningApp();
    const refusals = [...fresh, ...refused];
    const good = refusals.filter((r) => r.faults.length === 0);
    const changes = refusals.flatMap((r) => r.changes);
    for (const refusal of refusals) report(refusal);
    return {
      figure: `${good.length} of ${refusals.length} refused, ${changes.length} changes; control: one accepted command, ${seen} changes`,
      ok: good.length === refusals.length && changes.length === 0 && seen > 0,
    };
  },
};

/** Where nothing was started: not even `.hitless` may appear. */
async function onFreshFolders(): Promise<readonly Refusal[]> {
  const refusals: Refusal[] = [];
  await using bed = await AppBed.make({ app: "shop/1.0" });
  for (const input of [...badFiles, ...badCommands]) {
    refusals.push(...(await refusalsOf(bed, input, input.fresh)));
  }
  refusals.push(await portTaken(bed));
  for (const command of talkers) refusals.push(await withoutController(bed, command));
  // Without an app file `close` starts nothing.
  await writeAppFile(bed, null);
  await using crooked = await AppBed.make({ app: "shop/1.0", env: { HITLESS_PORTS: "many" } });
  refusals.push(await portRange(crooked));
  await writeAppFile(crooked, null);
  return refusals;
}

/** Where an app serves: its state, its history, its events and its processes stay as they are. */
async function onRunningApp(): Promise<{
  readonly refused: readonly Refusal[];
  /** What the same comparison sees of a command that is accepted. */
  readonly seen: number;
}> {
  const refusals: Refusal[] = [];
  await using bed = await AppBed.make({ app: "shop/1.0" });
  await writeAppFile(bed, goodAppFile(bed.port));
  await bed.must(0, "up", "--detach");
  const before = await processesOf(bed);
  for (const input of [...badFiles, ...badCommands]) {
    refusals.push(...(await refusalsOf(bed, input, input.running)));
  }
  const { pid } = (await bed.status()).controller;
  for (const refusal of await secondControllers(bed, pid)) {
    const after = await processesOf(bed);
    const moved = before === after ? [] : [`processes were ${before} and are ${after}`];
    refusals.push({ ...refusal, changes: [...refusal.changes, ...moved] });
  }
  const accepted = { what: "control", command: "scale 1", faultsOf: () => [] };
  return { refused: refusals, seen: (await refusalOf(bed, accepted)).changes.length };
}

async function processesOf(bed: AppBed): Promise<string> {
  const { replicas, controller } = await bed.status();
  return [...replicas.map((r) => r.process), controller.pid].join(" ");
}

async function portTaken(bed: AppBed): Promise<Refusal> {
  const server = await listenOn(bed.port);
  const says = [
    "error PORT_TAKEN: hitless.yaml:5:7: ",
    `port is ${bed.port}`,
    `held by process ${process.pid}`,
    "Stop that process, or choose another port.",
  ];
  const faultsOf = (result: CommandResult) => lacking(result, 2, says);
  try {
    return await refusalOf(bed, { what: "a port that is taken", command: "up --detach", faultsOf });
  } finally {
    server.close();
  }
}

function portRange(bed: AppBed): Promise<Refusal> {
  return refusalOf(bed, {
    what: "HITLESS_PORTS that is no range",
    command: "up --detach",
    faultsOf: (result) => lacking(result, 2, ['HITLESS_PORTS is "many"', "20000-20099"]),
  });
}

function withoutController(bed: AppBed, command: string): Promise<Refusal> {
  const says = ["error NO_CONTROLLER: ", "hitless up"];
  const faultsOf = (result: CommandResult) => lacking(result, 8, says);
  return refusalOf(bed, { what: "no controller", command, faultsOf });
}

/** The second one is told who the first one is, also when it comes by another path. */
async function secondControllers(bed: AppBed, pid: number): Promise<readonly Refusal[]> {
  const link = join(bed.dir, "..", "link");
  await symlink(bed.dir, link);
  const says = ["error CONTROLLER_RUNNING: ", `process ${pid} is the controller of shop`];
  const what = "a second controller on one folder";
  const refusals: Refusal[] = [];
  for (const command of ["up --detach", "up", `up --detach -f ${link}/hitless.yaml`]) {
    const faultsOf = (result: CommandResult) => [
      ...lacking(result, 6, says),
      ...(isRunning(pid) ? [] : [`the first controller ${pid} is gone`]),
    ];
    refusals.push(await refusalOf(bed, { what, command, faultsOf }));
  }
  return refusals;
}

function listenOn(port: number): Promise<Server> {
  const server = createServer();
  return new Promise((listening, failed) => {
    server.once("error", failed);
    server.listen(port, "127.0.0.1", () => listening(server));
  });
}

function report({ what, command, faults, changes }: Refusal): void {
  const good = faults.length === 0 && changes.length === 0;
  console.log(`${good ? "refused" : "WRONG  "}  ${what}: hitless ${command}`);
  for (const line of [...faults, ...changes]) console.log(`         ${line}`);
}
