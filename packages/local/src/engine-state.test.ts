import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EngineStateFile, loadEngineState } from "./engine-state.ts";
import { newReplicaRecord } from "./replicas/replica-record.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hitless-engine-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test("there is an empty state where none was saved, and the saved one afterwards", async () => {
  const path = join(dir, "engine.json");
  const state = await loadEngineState(path);
  expect(state).toMatchObject({ token: 0, replicas: [], revisions: [], proxyGeneration: 0 });
  const file = new EngineStateFile(path, state);
  state.replicas = [newReplicaRecord("1-1", 1)];
  state.revisions = [{ revision: 1, level: 1, exits: 0, lastExit: null }];
  await file.save();
  expect(await loadEngineState(path)).toEqual(state);
});

test("what was in the state when a save was asked for is on the disk when it resolves", async () => {
  const path = join(dir, "engine.json");
  const steps = fc.array(fc.constantFrom("save", "replace", "turn"), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const state = await loadEngineState(join(dir, "none.json"));
      const file = new EngineStateFile(path, state);
      const saves: Promise<void>[] = [];
      for (const step of plan) {
        state.token += 1;
        // The lists are replaced, as the keeper does; the file holds the state, not the lists.
        if (step === "replace") state.replicas = [newReplicaRecord(`1-${state.token}`, 1)];
        if (step === "turn") await turn();
        const { token } = state;
        const saved = file.save().then(async () => {
          expect((await loadEngineState(path)).token).toBeGreaterThanOrEqual(token);
        });
        saves.push(saved);
      }
      await Promise.all(saves);
      if (plan.length > 0) expect(await loadEngineState(path)).toEqual(state);
    }),
    { numRuns: 40 },
  );
  expect(await readdir(dir)).toEqual(["engine.json", "engine.json.copy"]);
});

test("saves that come while one is written share the next write", async () => {
  const path = join(dir, "engine.json");
  const state = await loadEngineState(path);
  const file = new EngineStateFile(path, state);
  const first = file.save();
  const later = Array.from({ length: 50 }, () => file.save());
  expect(new Set(later).size).toBe(1);
  await Promise.all([first, ...later]);
});

test("a save that fails rejects to all who share it, and later ones work", async () => {
  const folder = join(dir, "state");
  await writeFile(folder, "a file where the folder should be");
  const path = join(folder, "engine.json");
  const state = await loadEngineState(join(dir, "none.json"));
  const file = new EngineStateFile(path, state);
  const failed = await Promise.allSettled([file.save(), file.save(), file.save()]);
  expect(failed.map((f) => f.status)).toEqual(["rejected", "rejected", "rejected"]);
  await rm(folder);
  await mkdir(folder);
  state.token = 7;
  await file.save();
  expect((await loadEngineState(path)).token).toBe(7);
  state.token = 8;
  await Promise.all([file.save(), file.save()]);
  expect((await loadEngineState(path)).token).toBe(8);
});
