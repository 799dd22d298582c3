import { mutantsOf } from "./mutant.ts";

const folder = "packages/core/src/reconciler";

/** Sabotages of what `next` decides. */
export const reconcilerMutants = [
  ...mutantsOf(
    `${folder}/next.ts`,
    [
      "route-barrier-ignored",
      "a release goes on before every worker has the table",
      "if (world.route.inForce < generation) {",
      "if (world.route.inForce < generation - 1e9) {",
    ],
    [
      "unrouting-ignored",
      "a release goes on while a leaving replica still gets requests",
      'if (replicas.length > 0) return wait({ kind: "unrouting"',
      'if (replicas.length > 1e9) return wait({ kind: "unrouting"',
    ],
    [
      "pause-ignored",
      "a paused release goes on",
      "if (release.paused === null) return watchStep(app, position.waypoint, world);",
      "if (release !== null) return null;",
    ],
    [
      "shrinks-before-the-route-stands",
      "replicas go while requests are still sent to them",
      "if (routeStands(app, position, world)) {",
      "if (position !== null) {",
    ],
    [
      "waypoint-reached-too-soon",
      "a waypoint counts as reached before its replicas are available",
      "if (missing !== null) {",
      "if (missing === undefined) {",
    ],
    ["holds-ignored", "no hold holds", "if (held !== null) return held;", ""],
    [
      "contract-skipped",
      "the release ends without its contract phase",
      "if (contract !== null) return contract;",
      "",
    ],
    [
      "waypoint-skipped",
      "every second waypoint is left out",
      "cursor: release.cursor + 1,",
      "cursor: release.cursor + 2,",
    ],
    [
      "kept-revisions-collected",
      "what a rollback needs is thrown away",
      "if (idle && !keep.has(side.revision)) {",
      "if (idle) {",
    ],
    [
      "nothing-collected",
      "old revisions stay for ever",
      "if (idle && !keep.has(side.revision)) {",
      "if (idle && keep.size < 0) {",
    ],
    [
      "steady-without-a-proxy",
      "all is said to be well while nobody can be reached",
      "if (lagging.length > 0) {",
      "if (lagging.length > 1e9) {",
    ],
  ),
  ...mutantsOf(
    `${folder}/world.ts`,
    [
      "unknown-is-none",
      "replicas that cannot be read count as none",
      'if (replicas.kind === "unknown") return unobservable("replicas", replicas);',
      'if (replicas.kind === "unknown") return readWorld(app, { ...seen, replicas: { kind: "known", value: [], asOf: 1e15 } }, at);',
    ],
    [
      "old-views-believed",
      "a view from before the last mutation is acted on",
      "if (asOf < ordered.token) {",
      "if (asOf < ordered.token - 1e9) {",
    ],
    [
      "settling-ignored",
      "a replica counts before minReadySeconds are over",
      "available: live.filter((r) => (availableAt(r, at.facts) ?? Infinity) <= at.now).length,",
      'available: live.filter((r) => r.state === "ready").length,',
    ],
    [
      "leaving-counts-as-there",
      "a replica that drains counts as live",
      'const live = own.filter((r) => r.state !== "draining");',
      "const live = own;",
    ],
  ),
  ...mutantsOf(
    `${folder}/scale-step.ts`,
    [
      "surge-one-too-many",
      "one replica more than maxSurge allows",
      "const room = Math.max(0, limits.maxTotal - total);",
      "const room = Math.max(0, limits.maxTotal + 1 - total);",
    ],
    [
      "unready-side-taken-away",
      "a database that blinks takes the whole stable side away",
      "const bound = free ? surplus : Math.min(surplus, replaceable);",
      "const bound = surplus;",
    ],
    [
      "one-available-too-few",
      "one replica fewer than maxUnavailable allows",
      "const spare = Math.max(0, sum(world, (side) => side.available) - limits.minAvailable);",
      "const spare = Math.max(0, sum(world, (side) => side.available) - limits.minAvailable + 1);",
    ],
  ),
  ...mutantsOf(
    `${folder}/route-step.ts`,
    [
      "weight-before-capacity",
      "requests are sent to a revision that has nobody to answer",
      "if (lackingFor(app, position, at) !== null) return null;",
      "",
    ],
    [
      "generation-stands-still",
      "a new table has the number of the old one",
      "const next = Math.max(generation, accepted) + 1;",
      "const next = Math.max(generation, accepted);",
    ],
    [
      "lost-table-not-resent",
      "a table that was saved and never handed over stays away for ever",
      "return world.route.accepted === app.route.generation && isWanted(app.route, position);",
      "return isWanted(app.route, position);",
    ],
    [
      "stable-lacks-so-all-wait",
      "requests are not taken off a bad revision because stable lacks a replica",
      "return sharesOf(rule).filter(({ revision, percent }) => percent > mostOf(before, revision));",
      "return sharesOf(rule).filter(() => before !== null);",
    ],
  ),
  ...mutantsOf(
    `${folder}/reached.ts`,
    [
      "way-back-wants-all",
      "an abort waits for ever on a machine that has just lost a replica",
      "const wanted = back ? Math.min(target, enoughOf(limits, app.desired.replicas)) : target;",
      "const wanted = target;",
    ],
    [
      "ends-before-exits",
      "a release ends while old replicas still run",
      'if (position.waypoint.leavers === "unrouted") return null;',
      "if (position !== null) return null;",
    ],
  ),
  ...mutantsOf(
    `${folder}/progress.ts`,
    [
      "crash-loop-tolerated",
      "a crash loop is only found at the deadline",
      "const exitsToGiveUp = 3;",
      "const exitsToGiveUp = 300;",
    ],
    [
      "deadline-on-the-way-back",
      "a way back fails by a deadline",
      'if (release.direction === "back" || release.paused !== null || release.contracted) return null;',
      "if (release.paused !== null || release.contracted) return null;",
    ],
    [
      "deadline-after-contract",
      "a release fails by a deadline when there is no way back any more",
      'if (release.direction === "back" || release.paused !== null || release.contracted) return null;',
      'if (release.direction === "back" || release.paused !== null) return null;',
    ],
    [
      "deadline-ignored",
      "a release that gets nowhere never fails",
      "world.now < release.progress.deadlineAt) return null;",
      "world.now < release.progress.deadlineAt + 1e12) return null;",
    ],
    [
      "holds-count-an-absence",
      "a bake is over although nobody watched",
      "const reached = counting(release, (at) => now - watchedFrom(at));",
      "const reached = counting(release, (at) => at);",
    ],
    [
      "clock-jump-ends-holds",
      "a clock that jumps opens every hold",
      "reached: counting(release, (at) => at + gapMs),",
      "reached: release.reached,",
    ],
    [
      "paused-holds-moved-twice",
      "a clock that jumps during a pause ends a hold at resume",
      "if (reached === null || paused !== null) return reached;",
      "if (reached === null) return reached;",
    ],
  ),
  ...mutantsOf(
    `${folder}/hold-step.ts`,
    [
      "no-data-passes",
      "an analysis without data is a success",
      'return { kind: "undecided", detail: verdict?.detail ?? "no verdict yet" };',
      'return { kind: "open" };',
    ],
    [
      "old-measurement-passes",
      "an earlier measurement passes for one that is still under way",
      "if (due === undefined) return timed;",
      "return timed;",
    ],
    [
      "requests-of-before-count",
      "requests of earlier waypoints open a hold",
      "const answered = (requests[at.release.to] ?? 0) - at.reached.requests;",
      "const answered = requests[at.release.to] ?? 0;",
    ],
    [
      "failed-verdict-is-undecided",
      "a failed analysis holds for ever instead of going back",
      'if (verdict?.verdict === "failed") return { kind: "failed", detail: verdict.detail };',
      "",
    ],
  ),
  ...mutantsOf(
    `${folder}/outside-step.ts`,
    [
      "failed-hook-passes",
      "a release goes on over a failed hook",
      'if (result.outcome === "done" || release.direction === "back") return null;',
      'if (result.outcome !== undefined || release.direction === "back") return null;',
    ],
    [
      "expand-skipped",
      "new code meets the old schema",
      'if (waypoint.schema !== "expand") return null;',
      "if (waypoint.id !== null) return null;",
    ],
  ),
  ...mutantsOf(
    `${folder}/turn-back.ts`,
    [
      "second-abort-starts-anew",
      "an abort of what goes back already loses the way",
      'if (release === null || release.direction === "back" || release.contracted) return app;',
      "if (release === null || release.contracted) return app;",
    ],
    [
      "back-after-contract",
      "a release turns back to code that the schema cannot carry",
      'if (release === null || release.direction === "back" || release.contracted) return app;',
      'if (release === null || release.direction === "back") return app;',
    ],
    [
      "way-back-by-replica",
      "a way back gives requests to the side that it leaves",
      "inForce: app.route.rule,",
      'inForce: { kind: "byReplica", revisions: [] },',
    ],
  ),
  ...mutantsOf(
    `${folder}/turn.ts`,
    [
      "acts-before-it-persists",
      "a controller that dies has done what nobody knows of",
      'await ports.save(decision.app);\n      await failpoint("mutation-saved");\n      return order(decision, ports);',
      "await order(decision, ports);\n      return ports.save(decision.app);",
    ],
    [
      "row-after-the-end",
      "a controller that dies between the two loses a row of history",
      'await ports.addRecord(decision.record);\n      await failpoint("record-added");\n      await ports.save(decision.app);',
      "await ports.save(decision.app);\n      await ports.addRecord(decision.record);",
    ],
    [
      "rules-not-asserted",
      "a mutation that breaks a rule is carried out",
      "if (broken.length === 0) return;",
      "if (broken.length >= 0) return;",
    ],
  ),
  ...mutantsOf(
    `${folder}/requests.ts`,
    [
      "queue-keeps-the-older",
      "a newer release does not take the place of one that waits",
      "return { ...app, pending, releases: pending.id };",
      "return { ...app, pending: app.pending ?? pending, releases: pending.id };",
    ],
    [
      "number-used-twice",
      "two releases have one number",
      "releases: Math.max(app.releases, id) };",
      "releases: app.releases };",
    ],
  ),
];
