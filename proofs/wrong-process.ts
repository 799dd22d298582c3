import type { ControlReport } from "@hitless/load";
import {
  type ForkedForm,
  forkedForms,
  graceSeconds,
  liveAndLeave,
} from "../test/bed/forked-app.ts";
import { type LoadTally, sumOf, tallyOf } from "../test/bed/load-tally.ts";
import { strangerVersion } from "../test/bed/port-thief.ts";
import { releaseAmongThieves, type StolenPorts, swapNaively } from "../test/bed/stolen-ports.ts";
import type { Finding, Proof } from "./proof.ts";

/** Three ports are stolen, then the app gets one that stays its own. */
const outrun: readonly StolenPorts[] = [
  {
    name: "the app exits, a stranger on 127.0.0.1",
    app: "exit",
    theft: { on: "127.0.0.1", most: 3 },
    ports: 12,
  },
  {
    name: "the app stays, a stranger on 127.0.0.1",
    app: "stay",
    theft: { on: "127.0.0.1", most: 3 },
    ports: 12,
  },
  {
    name: "the app exits, a stranger on 0.0.0.0",
    app: "exit",
    theft: { on: "0.0.0.0", most: 3 },
    ports: 12,
  },
  {
    name: "the port is shared (SO_REUSEPORT)",
    app: "share",
    theft: { on: "shared", most: 3 },
    ports: 12,
  },
];

/** Every port is stolen: the release has to fail and to say who holds them. */
const cornered: readonly StolenPorts[] = [
  {
    name: "every start of many ports is robbed",
    app: "stay",
    theft: { on: "127.0.0.1", most: 99 },
    ports: 16,
  },
  {
    name: "every one of few ports is robbed",
    app: "exit",
    theft: { on: "127.0.0.1", most: 99 },
    ports: 6,
  },
];

/** A stranger on a replica's port never passes for it; forked listeners work and are told to stop. */
export const proof: Proof = {
  title: "a stranger on a replica's port never passes for the app; forked listeners work",
  seconds: 120,
  async run(): Promise<Finding> {
    const controls = await naiveSwaps();
    const controlOf = ({ app }: StolenPorts) => controls[app];
    const outrunOk = await each(outrun, (stolen) => getsAnotherPort(stolen, controlOf(stolen)));
    const corneredOk = await each(cornered, (stolen) => failsByName(stolen, controlOf(stolen)));
    const forkedOk = await each(Object.values(forkedForms), (form) => endsByItself(form));
    const wrong = [...outrunOk, ...corneredOk].reduce((sum, { strangers }) => sum + strangers, 0);
    const all = [...outrunOk, ...corneredOk, ...forkedOk];
    const thefts = outrunOk.length + corneredOk.length;
    const { sent, lost } = sumOf([...outrunOk, ...corneredOk].flatMap(({ tally }) => tally));
    const controlLost = Object.values(controls).reduce((n, { load }) => n + load.total.lost, 0);
    return {
      figure:
        `${count(outrunOk)} of ${outrunOk.length} releases got other ports, ${count(corneredOk)} of ` +
        `${corneredOk.length} failed naming port and pid, ${wrong} answers of strangers in ${thefts} ` +
        `thefts, ${lost} of ${sent} requests lost (${Object.keys(controls).length} controls lost ` +
        `${controlLost}), ${count(forkedOk)} of ${forkedOk.length} forked apps ran their handlers`,
      ok: all.every(({ ok }) => ok),
    };
  },
};

interface Seen {
  readonly ok: boolean;
  readonly said: string;
  readonly strangers: number;
  readonly tally: readonly LoadTally[];
}

/** One for each way in which the app meets a stranger: its own command, its own config. */
async function naiveSwaps(): Promise<Readonly<Record<StolenPorts["app"], ControlReport>>> {
  const swap = (app: StolenPorts["app"]) =>
    swapNaively({ name: "control", app, theft: { on: "127.0.0.1", most: 0 }, ports: 0 });
  return { exit: await swap("exit"), stay: await swap("stay"), share: await swap("share") };
}

async function each<T extends { readonly name: string }>(
  cases: readonly T[],
  look: (one: T) => Promise<Seen>,
): Promise<readonly Seen[]> {
  const all: Seen[] = [];
  for (const one of cases) {
    const seen = await look(one);
    console.log(`${seen.ok ? "shown " : "FAILED"}  ${one.name}: ${seen.said}`);
    all.push(seen);
  }
  return all;
}

async function getsAnotherPort(stolen: StolenPorts, control: ControlReport): Promise<Seen> {
  const result = await releaseAmongThieves(stolen);
  const { answersBy, holders, release, report } = result;
  const tally = tallyOf(report, control);
  const strangers = answersBy[strangerVersion] ?? 0;
  const moved = release.code === 0 && result.stable === 2 && (answersBy["app 2"] ?? 0) > 0;
  return {
    ok: moved && strangers === 0 && tally.clean && holders.size === stolen.theft.most,
    said: `${holders.size} ports stolen, exit ${release.code}, ${lossesIn(tally)}, answers ${JSON.stringify(answersBy)}`,
    strangers,
    tally: [tally],
  };
}

async function failsByName(stolen: StolenPorts, control: ControlReport): Promise<Seen> {
  const result = await releaseAmongThieves(stolen);
  const { answersBy, holders, release, report, reason } = result;
  const tally = tallyOf(report, control);
  const strangers = answersBy[strangerVersion] ?? 0;
  const named = [...holders].some(
    ([port, pid]) => reason.includes(`${port}`) && reason.includes(`${pid}`),
  );
  return {
    ok: release.code === 3 && result.stable === 1 && strangers === 0 && tally.clean && named,
    said: `${holders.size} ports stolen, exit ${release.code}, ${lossesIn(tally)}, "${reason}"`,
    strangers,
    tally: [tally],
  };
}

async function endsByItself(form: ForkedForm): Promise<Seen> {
  const { forked, stopped, handled, slowestSeconds } = await liveAndLeave(form);
  return {
    ok: forked && stopped > 0 && handled === stopped && slowestSeconds < graceSeconds,
    said: `${handled} of ${stopped} handlers ran, slowest step ${slowestSeconds.toFixed(1)} s`,
    strangers: 0,
    tally: [],
  };
}

function lossesIn({ sent, lost, controlLost }: LoadTally): string {
  return `${lost} of ${sent} lost (control lost ${controlLost})`;
}

function count(seen: readonly Seen[]): number {
  return seen.filter(({ ok }) => ok).length;
}
