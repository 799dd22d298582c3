import { HitlessError, longestHoldMs } from "@hitless/core";
import { Argument, Command } from "commander";
import { type ChangeOptions, makeChange } from "../follow/make-change.ts";
import { duration, withAnswer } from "../options.ts";
import { whoAsks } from "../origin.ts";

interface MaintenanceOptions extends ChangeOptions {
  /** Milliseconds. */
  readonly hold?: number;
  readonly message?: string;
}

const defaultHoldMs = 10_000;

/** `hitless maintenance on|off [--hold 10s] [-m TEXT]` */
export function maintenanceCommand(): Command {
  const command = new Command("maintenance")
    .description("Keep requests from the app, or no longer; its replicas run on.")
    .addArgument(new Argument("<state>", "on or off").choices(["on", "off"]))
    .option(
      "--hold <time>",
      "how long a request waits before it gets a 503 (default 10s)",
      holdTime,
    )
    .option("-m, --message <text>", "what the 503 page says");
  return withAnswer(command).action(async (state: string, options: MaintenanceOptions) => {
    const { hold: holdMs = defaultHoldMs, message = "" } = options;
    checkOptions(state, options);
    const request =
      state === "on" ? ({ kind: "on", holdMs, message } as const) : ({ kind: "off" } as const);
    await makeChange(options, {
      send: (client) => client.maintenance({ ...request, by: whoAsks() }),
    });
  });
}

/** A bare 0 needs no unit. */
function holdTime(text: string): number {
  return text === "0" ? 0 : duration(text);
}

/** Refused before anybody is asked. */
function checkOptions(state: string, { hold, message }: MaintenanceOptions): void {
  if (state === "off" && (hold !== undefined || message !== undefined)) {
    throw new HitlessError("BAD_USAGE", "--hold and -m say how it is on, but it is to be off", {
      next: "Leave them out.",
    });
  }
  if (hold === undefined || hold <= longestHoldMs) return;
  throw new HitlessError("BAD_INPUT", `--hold is ${hold / 1000}s; it must be at most 60s`, {
    next: "Whoever waits for longer has given up: say less, or `hitless maintenance off` later.",
  });
}
