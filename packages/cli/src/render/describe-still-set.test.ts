import { expect, it } from "vitest";
import { describeStillSet } from "./describe-still-set.ts";

it("says nothing when nothing is set", () => {
  expect(describeStillSet({})).toBeNull();
});

it("names what is set, and the command that takes all of it away", () => {
  expect(describeStillSet({ "config.MODE": "crash", replicas: "4" })).toBe(
    "still set over the file: config.MODE=crash, replicas=4 (take away: hitless release --unset config.MODE --unset replicas)",
  );
});
