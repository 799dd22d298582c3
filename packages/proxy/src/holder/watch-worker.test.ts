import { expect, test } from "vitest";
import { eventually } from "../testing/proxy-harness.ts";
import { watchWorker } from "./watch-worker.ts";

test("a worker that answers late is asked again, one that does not answer is killed", async () => {
  let asked = 0;
  let killed = false;
  let died: (error: Error) => void = () => undefined;
  const worker = {
    generation: 0,
    status: () => {
      asked += 1;
      return new Promise<void>((resolve, reject) => {
        if (asked < 4) setTimeout(resolve, 60);
        else died = reject;
      });
    },
    kill: () => {
      killed = true;
      died(new Error("the worker died"));
    },
  };
  watchWorker(worker, 200);
  await eventually(() => killed);
  expect(asked).toBe(4);
});
