import { expect, it } from "vitest";
import { counts, gone, known, seen } from "../testing/seen-example.ts";
import { expositionOf } from "./exposition.ts";

/** The lines of a metric, its own name and the app's taken off. */
function linesOf(page: string, name: string): readonly string[] {
  const lines = page.split("\n").filter((line) => line.startsWith(`${name}{`));
  return lines.map((line) => line.slice(name.length).replace(/app="shop",?/u, ""));
}

it("tells where the app stands", () => {
  const page = expositionOf(seen());
  expect(linesOf(page, "hitless_up")).toEqual(["{} 1"]);
  expect(linesOf(page, "hitless_app_info")).toEqual(['{stable="1",version="2.1"} 1']);
  expect(linesOf(page, "hitless_replicas_desired")).toEqual(["{} 3"]);
  expect(linesOf(page, "hitless_replicas_serving")).toEqual(["{} 2"]);
  expect(linesOf(page, "hitless_replicas").filter((line) => !line.endsWith(" 0"))).toEqual([
    '{revision="1",state="ready"} 2',
    '{revision="2",state="starting"} 1',
  ]);
  expect(linesOf(page, "hitless_route_share")).toEqual(['{revision="1"} 1', '{revision="2"} 0']);
  expect(linesOf(page, "hitless_route_generation_in_force")).toEqual(["{} 6"]);
});

it("tells where the release stands and what it waits for", () => {
  const page = expositionOf(seen());
  const ones = (name: string) => linesOf(page, name).filter((line) => line.endsWith(" 1"));
  expect(ones("hitless_release_running")).toEqual(['{kind="release",direction="forward"} 1']);
  expect(ones("hitless_release_waiting")).toEqual(['{waits_for="person"} 1']);
  expect(ones("hitless_release_waypoint_info")).toEqual([
    '{release="1",revision="2",waypoint="roll"} 1',
  ]);
  expect(linesOf(page, "hitless_release_waypoint_entered_timestamp_seconds")).toEqual([
    "{} 1799999940",
  ]);
});

it("has no series of a release while none is under way", () => {
  const app = { ...seen().app, release: null };
  const page = expositionOf(seen({ app }));
  expect(page).not.toContain("hitless_release_waypoint_info");
  expect(linesOf(page, "hitless_release_running").every((line) => line.endsWith(" 0"))).toBe(true);
  expect(linesOf(page, "hitless_release_waiting").every((line) => line.endsWith(" 0"))).toBe(true);
});

it("counts releases by outcome from the history, the last of each with its time", () => {
  const record = { id: 1, kind: "release", cause: "", from: 1, to: 2, reason: null } as const;
  const ended = (outcome: "succeeded" | "failed", endedAt: number) => ({
    ...record,
    outcome,
    startedAt: 0,
    endedAt,
  });
  const history = [ended("succeeded", 1000), ended("succeeded", 2000), ended("failed", 3000)];
  const page = expositionOf(seen({ history }));
  expect(linesOf(page, "hitless_releases_total").slice(0, 3)).toEqual([
    '{outcome="succeeded"} 2',
    '{outcome="failed"} 1',
    '{outcome="aborted"} 0',
  ]);
  expect(linesOf(page, "hitless_last_release_timestamp_seconds").slice(0, 3)).toEqual([
    '{outcome="succeeded"} 2',
    '{outcome="failed"} 3',
    '{outcome="aborted"} 0',
  ]);
});

it("counts requests by revision, in buckets that each hold the ones before", () => {
  const page = expositionOf(seen());
  expect(linesOf(page, "hitless_requests_total")).toEqual([
    '{revision="1",class="ok"} 3',
    '{revision="1",class="error"} 1',
    '{revision="2",class="ok"} 0',
    '{revision="2",class="error"} 0',
  ]);
  const buckets = linesOf(page, "hitless_request_duration_seconds_bucket").slice(0, 16);
  expect(buckets.map((line) => line.replace(/.*le="(.*)"\} /u, "$1 "))).toEqual([
    "0.001024 2",
    "0.002048 2",
    "0.004096 3",
    "0.008192 3",
    "0.016384 3",
    "0.032768 3",
    "0.065536 3",
    "0.131072 3",
    "0.262144 3",
    "0.524288 3",
    "1.048576 4",
    "2.097152 4",
    "4.194304 4",
    "8.388608 4",
    "16.777216 4",
    "+Inf 4",
  ]);
  const [sum = ""] = linesOf(page, "hitless_request_duration_seconds_sum");
  expect(Number(sum.split(" ")[1])).toBeCloseTo(0.905, 1);
});

it("counts what clients lost by its reason, and all that is over by its outcome", () => {
  const page = expositionOf(seen());
  expect(linesOf(page, "hitless_requests_ended_total")).toEqual([
    '{outcome="answered"} 4',
    '{outcome="lost"} 3',
    '{outcome="rejected"} 0',
    '{outcome="abandoned"} 0',
  ]);
  expect(linesOf(page, "hitless_requests_lost_total")).toEqual([
    '{kind="failed",reason="no-replica"} 2',
    '{kind="cut",reason="cut"} 1',
  ]);
});

it("leaves out what cannot be read, and says that it cannot", () => {
  const page = expositionOf(seen({}, { replicas: gone, route: gone, counts: gone, traffic: gone }));
  expect(linesOf(page, "hitless_up")).toEqual(["{} 0"]);
  const absent = ["replicas", "replicas_serving", "route_generation_in_force", "requests_total"];
  expect(absent.flatMap((name) => linesOf(page, `hitless_${name}`))).toEqual([]);
  expect(linesOf(page, "hitless_replicas_desired")).toEqual(["{} 3"]);
});

it("gives a match no share: whom it gets depends on the requests", () => {
  const rule = { kind: "byMatch", rules: [], otherwise: 1 } as const;
  const { app } = seen();
  const page = expositionOf(seen({ app: { ...app, route: { generation: 8, rule } } }));
  expect(linesOf(page, "hitless_route_share")).toEqual([]);
  expect(linesOf(page, "hitless_replicas_serving")).toEqual(["{} 2"]);
});

it("shows five revisions at most, those in use among them", () => {
  const revisions = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [n + 1, counts([1])]));
  const page = expositionOf(seen({}, { counts: known({ epoch: "a", revisions }) }));
  const shown = linesOf(page, "hitless_requests_total").map((line) => /\d+/u.exec(line)?.[0]);
  expect([...new Set(shown)]).toEqual(["1", "2", "28", "29", "30"]);
});

it("escapes what a version may hold", () => {
  const page = expositionOf(seen({ version: 'a"b\\c\nd' }));
  expect(linesOf(page, "hitless_app_info")).toEqual(['{stable="1",version="a\\"b\\\\c\\nd"} 1']);
});
