import {
  type App,
  compile,
  contentOf,
  defaultFront,
  type LeafChange,
  leafChanges,
  limitsOf,
  type RevisionContent,
  type Settings,
  type Waypoint,
  writtenSettings,
} from "@hitless/core";
import type { LoadedAppFile } from "../app-file/read-app-file.ts";
import { openStores } from "../compose.ts";
import type { Place } from "../place.ts";
import { persistWarnings } from "../preflight/persist-warnings.ts";
import { type AppFacts, costsOf, type PlanCosts } from "./costs.ts";
import { factsOf } from "./facts.ts";
import { type Stand, standsOf } from "./stands.ts";
import { type ExpectedVerdict, verdictsOf } from "./verdicts.ts";

/** What a release of the file would do. Nothing was changed to find out. */
export interface ReleasePlan {
  readonly app: string;
  readonly from: number | null;
  /** Empty: the content is what serves now, and no revision would be made. */
  readonly changes: readonly LeafChange[];
  readonly settings: readonly LeafChange[];
  readonly replicas: number;
  readonly waypoints: readonly Waypoint[];
  /** Whole replicas of each waypoint's pace. */
  readonly limits: readonly { readonly maxTotal: number; readonly minAvailable: number }[];
  readonly facts: AppFacts;
  /** Whole replicas, and the part of the requests, at each waypoint. */
  readonly stands: readonly Stand[];
  readonly costs: PlanCosts;
  /** What the verdicts on the way are expected to need, at the rate of requests at present. */
  readonly verdicts: readonly ExpectedVerdict[];
  readonly warnings: readonly string[];
}

interface Planned {
  readonly file: LoadedAppFile;
  /** Requests per second to reckon with; absent: what comes at present. */
  readonly rate?: number | undefined;
  /** The number that `scale` set is given back. */
  readonly replicasFromFile?: boolean;
}

/** Plans a release from the state on disk; needs no controller. */
export async function planOf(
  place: Place,
  { file, replicasFromFile = false, rate: given }: Planned,
): Promise<ReleasePlan> {
  const { store, maker } = await openStores(place);
  const app = await store.load();
  const from = app?.stable ?? null;
  const old = from === null ? null : await store.revision(from);
  const content = await maker.plannedContent(file.spec, place);
  const { settings } = file.spec;
  const replicas = replicasFromFile ? settings.replicas : replicasOf(app, settings.replicas);
  const waypoints = compile(settings, { from, warm: false });
  const facts = await factsOf(place, { content, replicas, rate: given });
  const stands = standsOf(waypoints, replicas);
  return {
    app: file.spec.name,
    from,
    changes:
      old === null
        ? leafChanges({}, plain(content))
        : leafChanges(plain(contentOf(old)), plain(content)),
    settings: leafChanges(settingsOf(app), writtenSettings({ ...settings, replicas })),
    replicas,
    waypoints,
    limits: waypoints.map((w) => limitsOf(w.pace, replicas)),
    facts,
    stands,
    costs: costsOf(waypoints, facts),
    verdicts: verdictsOf(stands, facts.rate),
    warnings: [
      ...warningsOf(waypoints, content, { from, replicas }),
      ...drainWarnings(settings, content),
      ...(from === null ? [] : unwatchedWarnings(settings, waypoints)),
      ...(await persistWarnings(place, file.spec)),
    ],
  };
}

function replicasOf(app: App | null, inFile: number): number {
  if (app === null || app.desired.fileReplicas !== inFile) return inFile;
  return app.desired.replicas;
}

/** With the number of replicas that is wanted, whoever set it. */
function settingsOf(app: App | null): Readonly<Record<string, unknown>> {
  return app === null ? {} : writtenSettings({ ...app.settings, replicas: app.desired.replicas });
}

function plain(value: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(value));
}

function warningsOf(
  waypoints: readonly Waypoint[],
  content: RevisionContent,
  at: { readonly from: number | null; readonly replicas: number },
): readonly string[] {
  const warnings: string[] = [];
  const idle = waypoints.some((w) => limitsOf(w.pace, at.replicas).minAvailable === 0);
  if (at.from !== null && idle) {
    warnings.push(
      "downtime: at some waypoint no replica serves; requests wait for up to 10 s, then get 503 with Retry-After",
    );
  }
  if (content.artifact.kind === "none") {
    warnings.push("artifact: none: the code is not kept, so a rollback brings back config only");
  }
  return warnings;
}

/** The usual 60 s are a bound on the app's worst; a longer time says that its answers do take long. */
function drainWarnings(
  { proxy: { responseTimeoutSeconds: answer } }: Settings,
  { drain: { timeoutSeconds: drain } }: RevisionContent,
): readonly string[] {
  if (answer <= drain || answer <= defaultFront.responseTimeoutSeconds) return [];
  return [
    `proxy.responseTimeoutSeconds is ${answer}, but drain.timeoutSeconds ${drain}: each release cuts answers that take longer than ${drain} s; raise drain.timeoutSeconds`,
  ];
}

/** A strategy may have nothing to wait for while the new side gets requests. */
function unwatchedWarnings(
  { analysis = [] }: Settings,
  waypoints: readonly Waypoint[],
): readonly string[] {
  if (analysis.length === 0 || waypoints.some(({ metrics = [] }) => metrics.length > 0)) return [];
  return [
    "analysis: no waypoint of this strategy is watched, so nothing is measured; canary, blueGreen and abTest are",
  ];
}
