import { HitlessError } from "@hitless/core";
import { Command } from "commander";
import { type ChangeOptions, makeChange } from "../follow/make-change.ts";
import { withAnswer } from "../options.ts";
import { whoAsks } from "../origin.ts";

/** `hitless freeze REASON` */
export function freezeCommand(): Command {
  const command = new Command("freeze")
    .description("Let no release and no restart begin; what runs goes on, and may go back.")
    .argument("<reason>", "why, for whoever wants to release");
  return withAnswer(command).action(async (text: string, options: ChangeOptions) => {
    const reason = reasonOf(text);
    await makeChange(options, {
      send: (client) => client.freeze({ kind: "on", reason, by: whoAsks() }),
    });
  });
}

/** `hitless unfreeze` */
export function unfreezeCommand(): Command {
  const command = new Command("unfreeze").description("Let releases and restarts begin again.");
  return withAnswer(command).action(async (options: ChangeOptions) => {
    await makeChange(options, { send: (client) => client.freeze({ kind: "off", by: whoAsks() }) });
  });
}

/** Refused before anybody is asked. */
function reasonOf(text: string): string {
  const reason = text.trim();
  if (reason !== "" && reason.length <= 500) return reason;
  const said = reason === "" ? "the reason is empty" : `the reason has ${reason.length} characters`;
  throw new HitlessError("BAD_INPUT", `${said}; it must have 1 to 500`, {
    next: 'Say why, such as `hitless freeze "the sale until Monday"`.',
  });
}
