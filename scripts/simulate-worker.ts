// Plays the stories that the parent process asks for, one job after the other.
import { playMany } from "@hitless/core/testing";
import type { Done, Job } from "./simulate-many.ts";

process.on("message", (job: Job) => {
  void playMany(job.from, job.count).then((batch) => {
    const done: Done = { batch, peakBytes: process.resourceUsage().maxRSS * 1024 };
    process.send?.(done);
  });
});
