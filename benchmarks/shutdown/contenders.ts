import { fileURLToPath } from "node:url";

/** One way to stop a server. */
export interface Contender {
  readonly name: string;
  /** Below `contenders`; it serves, and stops at SIGTERM. */
  readonly file: string;
  /** Whether it answers `/ready` on a port of its own. */
  readonly ownCheckPort?: true;
}

/** What is asked to lose nothing. */
export const ours: Contender = { name: "@hitless/app", file: "hitless.mjs" };

/** Where those that can wait do so, it is for 3 s; where they take a limit, it is 10 s. */
export const contenders: readonly Contender[] = [
  ours,
  { name: "drain by hand", file: "drain.mjs" },
  { name: "process.exit", file: "process-exit.mjs" },
  { name: "naive close", file: "naive-close.mjs" },
  { name: "terminus", file: "terminus.mjs" },
  { name: "terminus + delay", file: "terminus-delay.mjs" },
  { name: "http-terminator", file: "http-terminator.mjs" },
  { name: "http-terminator + delay", file: "http-terminator-delay.mjs" },
  { name: "stoppable", file: "stoppable.mjs" },
  { name: "http-graceful-shutdown", file: "http-graceful-shutdown.mjs" },
  { name: "lightship", file: "lightship.mjs", ownCheckPort: true },
  { name: "fastify", file: "fastify.mjs" },
  { name: "NestJS", file: "nest.mjs" },
];

/** What is known not to stop well: where it loses nothing, the rig sees nothing. */
export const control = "process.exit";

export function fileOf({ file }: Contender): string {
  return fileURLToPath(new URL(`contenders/${file}`, import.meta.url));
}
