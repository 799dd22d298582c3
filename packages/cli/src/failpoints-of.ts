import { writeSync } from "node:fs";
import { constants } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import {
  type Failpoint,
  type FailpointHandler,
  failpoints,
  HitlessError,
  nearestKeys,
} from "@hitless/core";

/** What happens at a failpoint. `errno`: an error as the file system reports it. */
type Action =
  | { readonly kind: "kill" }
  | { readonly kind: "errno"; readonly code: "ENOSPC" | "EACCES" }
  | { readonly kind: "hold"; readonly ms: number };

interface Armed {
  readonly name: Failpoint;
  /** Which passing, from 1; null: each. */
  readonly passing: number | null;
  readonly action: Action;
}

const shape = /^([^@=,;\s]+)(?:@([1-9]\d*))?=(?:(kill|enospc|eacces)|hold:(\d+))$/;

const texts = {
  ENOSPC: "no space left on device",
  EACCES: "permission denied",
} as const satisfies Record<Extract<Action, { kind: "errno" }>["code"], string>;

/**
 * The handler for `HITLESS_FAILPOINT`: `NAME[@N]=ACTION`, several with commas; ACTION is `kill`,
 * `enospc`, `eacces` or `hold:MS`. Null when it is not set. Throws BAD_INPUT for anything else, and
 * for every value where `module`, the URL of a source of the CLI, is not TypeScript: a packed build has none.
 */
export function failpointsOf(text: string | undefined, module: string): FailpointHandler | null {
  if (text === undefined || text === "") return null;
  if (!module.endsWith(".ts")) throw packed();
  const armed = text.split(",").map(parse);
  const passed = new Map<Failpoint, number>();
  return (name) => {
    const passing = (passed.get(name) ?? 0) + 1;
    passed.set(name, passing);
    const met = armed.find((a) => a.name === name && (a.passing ?? passing) === passing);
    return met === undefined ? undefined : act(met, passing);
  };
}

/** What a failpoint that was met says on standard error, before anything happens there. */
export function describeMet(name: Failpoint, passing: number): string {
  return `failpoint ${name}@${passing}`;
}

function parse(entry: string): Armed {
  const [, asked, passing, word, ms] = shape.exec(entry) ?? [];
  if (asked === undefined) throw unknownEntry(entry);
  const name = failpoints.find((each) => each === asked);
  if (name === undefined) throw unknownName(asked);
  return {
    name,
    passing: passing === undefined ? null : Number(passing),
    action: actionOf(word, Number(ms)),
  };
}

function actionOf(word: string | undefined, ms: number): Action {
  if (word === "enospc") return { kind: "errno", code: "ENOSPC" };
  if (word === "eacces") return { kind: "errno", code: "EACCES" };
  return word === "kill" ? { kind: "kill" } : { kind: "hold", ms };
}

function act({ name, action }: Armed, passing: number): Promise<void> | undefined {
  // Synchronous, and past the stream: the next line may never run.
  writeSync(2, `${describeMet(name, passing)}\n`);
  switch (action.kind) {
    case "kill":
      process.kill(process.pid, "SIGKILL");
      return undefined;
    case "hold":
      return delay(action.ms);
    case "errno": {
      const { code } = action;
      const message = `${code}: ${texts[code]}, failpoint ${name}`;
      throw Object.assign(new Error(message), { code, errno: -constants.errno[code] });
    }
  }
}

function unknownEntry(entry: string): HitlessError {
  return new HitlessError("BAD_INPUT", `HITLESS_FAILPOINT: "${entry}" is not NAME[@N]=ACTION`, {
    next: "ACTION is kill, enospc, eacces or hold:MS, as in mutation-saved@2=kill.",
  });
}

function unknownName(name: string): HitlessError {
  return new HitlessError("BAD_INPUT", `HITLESS_FAILPOINT: no failpoint is called "${name}"`, {
    next: `Near it are ${nearestKeys(name, failpoints, 4).join(", ")}; all are in packages/core/src/failpoints.ts.`,
  });
}

function packed(): HitlessError {
  return new HitlessError(
    "BAD_INPUT",
    "HITLESS_FAILPOINT is set, and this is a packed build: only the sources can be made to fail",
    { next: "Unset HITLESS_FAILPOINT." },
  );
}
