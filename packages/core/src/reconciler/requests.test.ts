import { describe, expect, it } from "vitest";
import { HitlessError } from "../errors.ts";
import type { App } from "../model/app.ts";
import { exampleSettings, releaseTo, rollBack } from "../testing/index.ts";
import {
  changeSettings,
  newApp,
  previousRevision,
  replicasFromFile,
  requestRelease,
  setReplicas,
  startPending,
} from "./requests.ts";

const stable = (n: number, served: readonly number[] = [n]): App => ({
  ...newApp("shop", exampleSettings),
  stable: n,
  served,
});
const ask = (app: App, to: number, busy: "queue" | "replace" | "reject" = "queue") =>
  requestRelease(app, releaseTo(to), { now: 1000, by: "alice", busy });

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (thrown) {
    return HitlessError.from(thrown).code;
  }
  return "nothing thrown";
}

describe("a request for a release", () => {
  it("begins at once when nothing runs, with the plan of that moment", () => {
    const app = ask(stable(1), 2);
    expect(app.release).toMatchObject({ id: 1, from: 1, to: 2, direction: "forward", cursor: 0 });
    expect(app.release?.plan.map((w) => w.id)).toEqual(["roll"]);
    expect(app.releases).toBe(1);
    expect(app.release?.progress.deadlineAt).toBe(121_000);
  });

  it("to what is stable already changes nothing", () => {
    expect(ask(stable(2), 2)).toEqual(stable(2));
  });

  it("waits while another runs, and a newer one takes its place", () => {
    const app = ask(ask(ask(stable(1), 2), 3), 4);
    expect(app.release?.to).toBe(2);
    expect(app.pending?.to).toBe(4);
  });

  it("turns the running one back when it replaces it", () => {
    const app = ask(ask(stable(1), 2), 3, "replace");
    expect(app.release).toMatchObject({ direction: "back", reason: { kind: "replaced" } });
    expect(app.pending?.to).toBe(3);
  });

  it("is refused while another runs when it asked for that", () => {
    expect(codeOf(() => ask(ask(stable(1), 2), 3, "reject"))).toBe("REFUSED");
  });

  it("is refused while the app is frozen", () => {
    const frozen = { ...stable(1), frozen: { reason: "audit", since: 0 } };
    expect(codeOf(() => ask(frozen, 2))).toBe("REFUSED");
  });
});

const quiet = { now: 5, rate: { kind: "known", value: 0, asOf: 0 } } as const;

describe("a pending release", () => {
  it("begins when nothing runs any more", () => {
    const decision = startPending({ ...stable(1), pending: releaseTo(2) }, quiet);
    expect(decision).toMatchObject({ kind: "advance", app: { pending: null, release: { to: 2 } } });
  });

  it("is dropped when its revision has become stable meanwhile", () => {
    const decision = startPending({ ...stable(2), pending: releaseTo(2) }, quiet);
    expect(decision).toMatchObject({ kind: "advance", app: { pending: null, release: null } });
  });
});

describe("a rollback", () => {
  const back = (app: App, to: number) => rollBack(app, to, 5);

  it("is a release of its own kind when nothing runs", () => {
    expect(back(stable(2, [1, 2]), 1).release).toMatchObject({ kind: "rollback", from: 2, to: 1 });
  });

  it("turns a running release back and forgets what was pending", () => {
    const app = back(ask(ask(stable(1), 2), 3), 1);
    expect(app.release).toMatchObject({ direction: "back", reason: { kind: "rolledBack" } });
    expect(app.pending).toBeNull();
  });

  it("to a third revision follows once the running release is back", () => {
    const app = back(ask(stable(2, [1, 2]), 3), 1);
    expect(app.release?.direction).toBe("back");
    expect(app.pending).toMatchObject({ to: 1, kind: "rollback" });
  });

  it("during a first release leaves nothing but the way out", () => {
    const app = back(ask(newApp("shop", exampleSettings), 1), 1);
    expect(app.release?.direction).toBe("back");
  });
});

describe("the previous revision", () => {
  it.each([
    [3, [1, 2, 3], 2],
    [2, [1, 3, 2], 1],
    [1, [2, 1], null],
    [5, [2, 5], 2],
  ] as const)("of %i after %j is %s", (now, served, expected) => {
    expect(previousRevision(stable(now, served))).toBe(expected);
  });

  it("is none before the first release", () => {
    expect(previousRevision(newApp("shop", exampleSettings))).toBeNull();
  });
});

describe("the desired number", () => {
  it("of a command holds until the file's own number changes", () => {
    const commanded = setReplicas(stable(1), 7);
    const same = changeSettings(commanded, { ...exampleSettings, port: 9090 });
    expect(same.desired).toMatchObject({ replicas: 7, owner: "command" });
    const changed = changeSettings(same, { ...exampleSettings, replicas: 4 });
    expect(changed.desired).toEqual({ replicas: 4, owner: "file", fileReplicas: 4 });
  });

  it("is the file's again when a command sets that number, or gives it back", () => {
    const app = stable(1);
    const commanded = setReplicas(app, 7);
    expect(setReplicas(commanded, app.desired.fileReplicas).desired).toEqual(app.desired);
    expect(replicasFromFile(commanded).desired).toEqual(app.desired);
  });
});
