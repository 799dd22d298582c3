import { describe, expect, it } from "vitest";
import { forkedForms, graceSeconds, liveAndLeave } from "../bed/forked-app.ts";
import { strangerVersion } from "../bed/port-thief.ts";
import { releaseAmongThieves } from "../bed/stolen-ports.ts";

it("gives a replica another port when a stranger took the first", async () => {
  const { release, holders, answersBy } = await releaseAmongThieves({
    name: "a healthy stranger, an app that goes on without its port",
    app: "stay",
    theft: { on: "127.0.0.1", most: 2 },
    ports: 12,
  });
  expect(release.code).toBe(0);
  expect(holders.size).toBe(2);
  expect(answersBy["app 2"]).toBeGreaterThan(0);
  expect(answersBy[strangerVersion]).toBeUndefined();
});

it("fails with the port and the stranger's pid when every port is taken", async () => {
  const { release, holders, answersBy, reason, stable } = await releaseAmongThieves({
    name: "a stranger on every port",
    app: "exit",
    theft: { on: "127.0.0.1", most: 99 },
    ports: 6,
  });
  expect(release.code).toBe(3);
  expect(stable).toBe(1);
  expect([...holders.keys()].some((port) => reason.includes(`port ${port} is held by`))).toBe(true);
  expect(reason).toContain(`process ${process.pid}`);
  expect(answersBy[strangerVersion]).toBeUndefined();
});

describe("an app whose listener is not the process that was started", () => {
  it.each([forkedForms.npmList, forkedForms.shellList])(
    "works, and its handler runs at stop: $name",
    async (form) => {
      const { forked, stopped, handled, slowestSeconds } = await liveAndLeave(form);
      expect(forked).toBe(true);
      expect(handled).toBe(stopped);
      expect(slowestSeconds).toBeLessThan(graceSeconds);
    },
  );
});
