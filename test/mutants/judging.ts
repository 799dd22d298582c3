import { mutantsOf } from "./mutant.ts";

const reconciler = "packages/core/src/reconciler";
const strategies = "packages/core/src/strategies";
const analysis = "packages/core/src/analysis";

/** Sabotages of how a release judges itself, goes back by itself and keeps who it has left. */
export const judgingMutants = [
  ...mutantsOf(
    `${reconciler}/next.ts`,
    [
      "metrics-not-watched",
      "a bad version stays because one of its replicas is missing",
      "if (release.paused === null) return watchStep(app, position.waypoint, world);",
      "if (release.paused === null) return null;",
    ],
    [
      "never-kept-warm",
      "nobody is there to be gone back to at once",
      "return [...others, { revision: from, warm: true, until: now + keepWarmMs }];",
      "return others;",
    ],
    [
      "warm-expires-at-once",
      "who is kept warm is gone a moment later",
      "return [...others, { revision: from, warm: true, until: now + keepWarmMs }];",
      "return [...others, { revision: from, warm: true, until: now }];",
    ],
    [
      "warm-sides-pile-up",
      "each release leaves one more side running",
      ".map((k) => (k.warm ? { ...k, until: Math.min(k.until, now) } : k));",
      ".map((k) => k);",
    ],
    [
      "warm-never-expires",
      "who is kept warm runs for ever",
      "const over = app.kept.filter((k) => k.until <= world.now).map((k) => k.revision);",
      "const over = app.kept.filter((k) => k.until < 0 * world.now).map((k) => k.revision);",
    ],
  ),
  ...mutantsOf(`${reconciler}/analysis-step.ts`, [
    "outage-on-the-way-not-seen",
    "a version that hangs between two steps goes by the deadline",
    "return reached === null ? metrics.flatMap((metric) => moving(metric) ?? []) : metrics;",
    "return reached === null ? [] : metrics;",
  ]),
  ...mutantsOf(`${strategies}/side-by-side.ts`, [
    "warm-rollback-ends-in-a-hurry",
    "a replica goes before the one that follows it is ready",
    "[{ ...switched, pace: enough }, retire]",
    "[{ ...switched, pace: enough }, { ...retire, pace: enough }]",
  ]),
  ...mutantsOf(`${reconciler}/position.ts`, [
    "contract-takes-the-warm-side",
    "a contract takes away who is kept warm",
    "targets.set(revision, left ? Math.max(wanted, level) : wanted);",
    "targets.set(revision, left ? wanted : wanted);",
  ]),
  ...mutantsOf(
    `${reconciler}/turn-back.ts`,
    [
      "serves-again-and-only-kept",
      "a side that serves again cannot shrink",
      "kept: app.kept.filter((k) => k.revision !== release.from),",
      "",
    ],
    [
      "measured-and-forgotten",
      "nobody can say what a release was turned back for",
      "...judgedSoFar(release, now),",
      "",
    ],
  ),
  ...mutantsOf(
    `${reconciler}/requests.ts`,
    [
      "instant-to-a-cold-side",
      "a rollback skips the steps to a side that is not there",
      "k.warm && k.revision === to && k.until > now",
      "k.revision === to",
    ],
    [
      "steps-to-a-warm-side",
      "a rollback to a warm side takes all the steps",
      'return kind === "rollback" && runs;',
      'return kind === "restart" && runs;',
    ],
    [
      "distrusted-ignored",
      "a rollback goes to a revision that was rolled back from",
      "n < stable && !distrusted.includes(n)",
      "n < stable",
    ],
  ),
  ...mutantsOf(
    `${reconciler}/finish.ts`,
    [
      "distrust-forgotten",
      "nobody remembers who was rolled back from",
      'const left = kind === "rollback" && from !== null ? [from] : [];',
      "const left: readonly number[] = [];",
    ],
    [
      "history-without-measurements",
      "the history lacks what was measured",
      "...(release.judged === undefined ? {} : { judged: release.judged }),",
      "",
    ],
  ),
  ...mutantsOf(
    `${reconciler}/intents.ts`,
    [
      "promote-passes-analyses",
      "a person's approval passes for a measurement",
      'more ? release.waived : "approved";',
      'more ? release.waived : "waypoint";',
    ],
    [
      "retry-reuses-old-results",
      "a release that is tried again takes its old hooks for run",
      "attempt: attemptOf(release) + 1,",
      "attempt: attemptOf(release),",
    ],
  ),
  ...mutantsOf(
    `${reconciler}/hold-step.ts`,
    [
      "unmeasurable-passes",
      "a time hold lets pass what cannot be measured",
      "if (unread === null) return null;",
      "if (unread !== undefined) return null;",
    ],
    [
      "inconclusive-passes",
      "an analysis that knows nothing yet is a success",
      'const unsure = undecidedMetric(release, waypoint, ["inconclusive"]);',
      "const unsure = undecidedMetric(release, waypoint, []);",
    ],
    [
      "analysis-too-short",
      "an analysis ends before its time",
      "const timed = timeState(reached.at + ms, world.now);",
      "const timed = timeState(reached.at + 0 * ms, world.now);",
    ],
  ),
  ...mutantsOf(
    `${reconciler}/analysis-step.ts`,
    [
      "failed-metric-tolerated",
      "a metric that failed turns nothing back",
      'if (state.verdict === "failed" || unread) return { metric, state };',
      "if (unread) return { metric, state };",
    ],
    [
      "no-data-never-fails",
      "a metric that has to be had and is not turns nothing back",
      'const unread = state.verdict === "error" && metric.onNoData === "fail";',
      'const unread = state.verdict === "error" && metric.name === "";',
    ],
  ),
  ...mutantsOf(
    `${reconciler}/outside-step.ts`,
    [
      "hook-results-not-persisted",
      "what became of a hook is forgotten",
      "release: restartClock(app, { ...release, effects }, world.now) },",
      "release: restartClock(app, release, world.now) },",
    ],
    [
      "hook-key-follows-the-clock",
      "a hook that is run again looks like another one",
      "const nth = attemptOf(release);",
      "const nth = release.enteredAt;",
    ],
    [
      "failed-hook-never-holds",
      "a hook whose failure a person decides on is passed",
      'if (release.waived === "all") return null;',
      "if (release.waived !== undefined) return null;",
    ],
  ),
  ...mutantsOf(`${reconciler}/route-step.ts`, [
    "preview-left-open",
    "the address of a canary is open when its release is over",
    "const { preview } = position;",
    "const { preview = app.route.preview } = position;",
  ]),
  ...mutantsOf(`${reconciler}/route-step.ts`, [
    "chosen-side-empty",
    "who asks for a side by its header finds nobody there",
    "chosen.has(w.revision) ? leastPercent : 0",
    "chosen.has(w.revision) ? 0 : 0",
  ]),
  ...mutantsOf(
    `${strategies}/way-back.ts`,
    [
      "failure-hooks-before-the-route",
      "requests stay on a bad version until somebody was told of it",
      "return [back, ...told];",
      "return [...told, back];",
    ],
    [
      "hurried-way-back",
      "who aborts an instant rollback is left with a replica too few",
      "? beside : at.pace;",
      "? at.pace : at.pace;",
    ],
  ),
  ...mutantsOf(`${strategies}/side-by-side.ts`, [
    "retired-before-the-bake",
    "there is no way back by one route change while the new side bakes",
    "const both = { stable: 1, canary: 1 };",
    "const both = { stable: 0, canary: 1 };",
  ]),
  ...mutantsOf(`${strategies}/watched.ts`, [
    "alarms-not-divided",
    "a plan with more steps gives more false alarms",
    "falseAlarms: m.falseAlarms / Math.max(1, alarms)",
    "falseAlarms: m.falseAlarms",
  ]),
  ...mutantsOf(`${strategies}/canary.ts`, [
    "nobody-at-weight-0",
    "a canary at weight 0 has no replica for its address",
    'return count.kind === "share" && count.of === 0 ?',
    'return count.kind === "share" && count.of < 0 ?',
  ]),
  ...mutantsOf(`${strategies}/compile.ts`, [
    "told-of-the-switch-before-it",
    "hooks that follow the switch run before it",
    "{ ...switched, hold: [] }, after, ...plan.slice(index + 1)];",
    "after, { ...switched, hold: [] }, ...plan.slice(index + 1)];",
  ]),
  ...mutantsOf(`${analysis}/judge-counts.ts`, [
    "alarm-at-even-odds",
    "most good versions are sent back",
    "const alarmed = odds * metric.falseAlarms >= 1;",
    "const alarmed = odds >= 1;",
  ]),
  ...mutantsOf(
    `${analysis}/measured.ts`,
    [
      "no-data-is-success",
      "a metric that nobody can read is good",
      'errors >= errorLimit ? "error" : "inconclusive"',
      'errors >= errorLimit ? "successful" : "inconclusive"',
    ],
    [
      "counted-twice",
      "the same requests are judged again at every look",
      "baseline: at.counts ?? was.baseline",
      "baseline: was.baseline ?? at.counts ?? null",
    ],
  ),
  ...mutantsOf(
    `${reconciler}/may-begin.ts`,
    [
      "windows-ignored",
      "a release begins outside its window",
      "if (!heedsWindows(app, pending)) return null;",
      "if (pending !== null) return null;",
    ],
    [
      "frozen-rollback",
      "nobody can go back while releases are frozen",
      'if (pending.kind === "rollback") return null;',
      "",
    ],
  ),
];
