import { counted } from "@hitless/core";
import { isGood } from "../ask.ts";
import { type Cause, causes } from "../cause.ts";
import type { PhaseReport } from "../load-report.ts";
import type { StartSeen } from "./app-under-test.ts";
import type { CertifySettings, Front } from "./certify-options.ts";
import { seconds, whatAnswered } from "./evidence.ts";
import { failed, type Item, notApplicable, notTested, passed } from "./item.ts";
import type { LoadSeen } from "./load-rehearsal.ts";
import type { ProbeLook } from "./probe-watch.ts";

type Lost = Readonly<Record<Cause, number>>;

/** Judges everything that can be seen without a held client, but for the end of the process. */
export function judgeLoad(seen: LoadSeen, settings: CertifySettings): readonly Item[] {
  return [
    judgeStart(seen),
    ...judgeEndpoints(seen, settings),
    ...(settings.behind === "hitless" ? routedAwayFirst() : judgeWindow(seen, settings)),
  ];
}

/** What `starts` of all rehearsals say about readiness. */
export function judgeReadyInTime(
  starts: readonly StartSeen[],
  seen: Pick<LoadSeen, "endpoints">,
): Item {
  if (seen.endpoints.ready === null) return notTested("ready-in-time", noEndpoint("ready"));
  const ready = starts.filter((start) => start.kind === "ready");
  const bad = ready.find((start) => !isGood(start.firstAnswer));
  if (bad !== undefined) {
    const answer = whatAnswered(bad.firstAnswer);
    return failed("ready-in-time", `ready after ${seconds(bad.readyMs)}, then a request ${answer}`);
  }
  if (ready.length === 0) return notTested("ready-in-time", "no start after the first was ready");
  const slowest = Math.max(...ready.map((start) => start.readyMs));
  return passed(
    "ready-in-time",
    `${counted(ready.length, "start")}, ready after ${seconds(slowest)} at most, each served at once`,
  );
}

function judgeStart({ start, before }: LoadSeen): Item {
  if (before.lost > 0) {
    const [example] = before.examples;
    const first = example === undefined ? "" : `, first ${example.cause} (${example.detail})`;
    return failed("starts", `lost ${before.lost} of ${before.sent} before any signal${first}`);
  }
  const { p99 } = before.latencyMs;
  const served = `${counted(before.answered, "request")} served, p99 ${p99.toFixed(0)} ms`;
  return passed("starts", `serves after ${seconds(start.readyMs)}; ${served}`);
}

const probeOptions = {
  ready: "--ready-path",
  health: "--health-path",
  startup: "--startup-path",
} as const;

function noEndpoint(which: keyof typeof probeOptions): string {
  return `no endpoint was named or found: ${probeOptions[which]} PATH`;
}

function judgeEndpoints(
  seen: LoadSeen,
  { behind, paths }: Pick<CertifySettings, "behind" | "paths">,
): readonly Item[] {
  const items = { startup: "startup", health: "liveness", ready: "readiness" } as const;
  const named = (which: keyof typeof items) =>
    paths[which] === undefined ? "" : `${probeOptions[which]} `;
  const judged = (["startup", "health", "ready"] as const).map((which) => {
    const path = seen.endpoints[which];
    const asked = seen.probed[which];
    if (path === null || asked === null) {
      const blind = seen.endpoints.answersEverything ? "it answers 2xx on any path: " : "";
      return notTested(items[which], `${blind}${noEndpoint(which)}`);
    }
    return isGood(asked)
      ? passed(items[which], `${path} answers 2xx`)
      : failed(items[which], `${named(which)}${path} ${whatAnswered(asked)} while the app serves`);
  });
  const liveness = judged.map((item) => (item.id === "liveness" ? livenessAlso(item, seen) : item));
  return behind === "hitless" ? liveness : [...liveness, judgeReadinessAtSignal(seen, behind)];
}

/** Liveness must not turn with readiness; a connection that is refused is judged as A. */
function livenessAlso(item: Item, { liveness }: LoadSeen): Item {
  if (item.verdict !== "pass") return item;
  const wrong = liveness.filter(({ asked }) => asked.kind === "answered" && !isGood(asked));
  const [first] = wrong;
  if (first === undefined) {
    const answered = liveness.filter(({ asked }) => isGood(asked)).length;
    const also = answered > 0 ? `, and ${counted(answered, "time")} after SIGTERM` : "";
    return passed("liveness", `${item.evidence}${also}`);
  }
  const what = `${whatAnswered(first.asked)} ${seconds(first.ms)} after SIGTERM`;
  return failed("liveness", `${what}, ${wrong.length} of ${counted(liveness.length, "time")}`);
}

function judgeReadinessAtSignal(seen: LoadSeen, behind: Front): Item {
  const id = "readiness-at-signal";
  if (seen.endpoints.ready === null) return notTested(id, noEndpoint("ready"));
  const answered = seen.readiness.filter(({ asked }) => asked.kind === "answered");
  const turned = answered.find(({ asked }) => !isGood(asked));
  if (turned !== undefined) {
    return passed(id, `turns: ${whatAnswered(turned.asked)} after ${seconds(turned.ms)}`);
  }
  const last = answered.at(-1);
  if (last === undefined) return notTested(id, "nobody could ask: see A");
  const held = `holds: still 2xx ${seconds(last.ms)} after SIGTERM`;
  return behind === "load-balancer" && !cutShort(seen.readiness)
    ? failed(id, `${held}, so a load balancer goes on sending`)
    : passed(id, held);
}

function cutShort(looks: readonly ProbeLook[]): boolean {
  return looks.at(-1)?.asked.kind !== "answered";
}

function routedAwayFirst(): readonly Item[] {
  const why = "behind hitless nothing comes after the signal";
  return [
    notApplicable("readiness-at-signal", why),
    notApplicable("keeps-accepting", why),
    notApplicable("announces-close", why),
    notApplicable("keeps-answering", why),
  ];
}

function judgeWindow(seen: LoadSeen, { drainDelayMs }: CertifySettings): readonly Item[] {
  const lost = lostAfter(seen.before, seen.total);
  const sent = seen.total.sent - seen.before.sent;
  const window = `${counted(sent, "request")} in ${seconds(drainDelayMs)} after SIGTERM`;
  const onReused = seen.total.resetOnReused - seen.before.resetOnReused;
  const onFresh = lost.reset + lost["closed-early"] - onReused;
  const turnedAway = lost.refused + onFresh;
  return [
    turnedAway > 0
      ? failed(
          "keeps-accepting",
          `${window}: ${lost.refused} refused, ${onFresh} accepted and dropped`,
        )
      : passed("keeps-accepting", `${window}, none refused`),
    judgeAnnounced(seen, { onReused, window, drainDelayMs }),
    judgeAnswers(seen, lost, { window, turnedAway }),
    ...(lost.late + lost.truncated > 0
      ? [
          failed(
            "finishes-work",
            `${window}: ${lost.truncated} cut in the answer, ${lost.late} never answered`,
          ),
        ]
      : []),
  ];
}

/** Of what was turned away nobody knows how it would have been answered. */
function judgeAnswers(
  seen: LoadSeen,
  lost: Lost,
  { window, turnedAway }: { readonly window: string; readonly turnedAway: number },
): Item {
  const id = "keeps-answering";
  const wrong = lost["status-5xx"] + lost["status-4xx"] + lost["wrong-body"] + lost.other;
  if (wrong > 0) return failed(id, `${window}: ${wrong} answered ${byAnswer(seen)}`);
  if (turnedAway > 0) return notTested(id, `${window}, ${turnedAway} of them turned away: see A`);
  return passed(id, `${window}, none answered with an error`);
}

interface Window {
  readonly onReused: number;
  readonly window: string;
  readonly drainDelayMs: number;
}

function judgeAnnounced(seen: LoadSeen, { onReused, window, drainDelayMs }: Window): Item {
  const id = "announces-close";
  if (onReused > 0) return failed(id, `${window}: ${onReused} reset on a kept connection`);
  if (seen.keepAlive.length === 0) {
    return notApplicable(id, "it closes each connection after its answer anyway, and says so");
  }
  // Of an app that never stops, a close after the delay is the usual end of an idle connection.
  const until = seen.end.kind === "killed" ? drainDelayMs : Number.POSITIVE_INFINITY;
  const unannounced = seen.keepAlive.filter(
    ({ announced, closedMs }) => !announced && closedMs !== null && closedMs < until,
  );
  const used = unannounced.filter(({ answers }) => answers > 0);
  const early = unannounced.filter(({ closedMs }) => (closedMs ?? 0) < drainDelayMs);
  const [sample] = used.length > 0 ? used : early;
  if (sample === undefined) {
    const announced = seen.keepAlive.filter((client) => client.announced).length;
    return passed(
      id,
      `${announced} of ${counted(seen.keepAlive.length, "kept connection")} told to go`,
    );
  }
  const after = `${counted(sample.answers, "answer")} and ${seconds(sample.closedMs ?? 0)}`;
  const count = new Set([...used, ...early]).size;
  const of = `${count} of ${counted(seen.keepAlive.length, "kept connection")}`;
  return failed(id, `${of} closed without \`Connection: close\`, one after ${after}`);
}

function byAnswer({ before, total }: LoadSeen): string {
  return Object.entries(total.lostByAnswer)
    .map(([answer, count]) => `${answer} (${count - (before.lostByAnswer[answer] ?? 0)})`)
    .join(", ");
}

function lostAfter(before: PhaseReport, total: PhaseReport): Lost {
  const lost = { ...total.lostByCause };
  for (const cause of causes) lost[cause] -= before.lostByCause[cause];
  return lost;
}
