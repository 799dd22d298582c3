import type { StatusReport } from "@hitless/controller";
import {
  describeFailure,
  describeOutcome,
  describeWhy,
  type Failure,
  type ReleaseStore,
  type Why,
} from "@hitless/core";
import { Command } from "commander";
import { readState } from "../follow/read-state.ts";
import { type FileOption, withFile } from "../options.ts";
import { say, sayJson } from "../output.ts";
import { logLinesOf } from "../render/log-lines-of.ts";

/** `hitless why [--json]` */
export function whyCommand(): Command {
  const command = new Command("why")
    .description("What is being waited for, and why the last release ended as it did.")
    .option("--json", "for machines");
  return withFile(command).action(async (options: FileOption & { readonly json?: boolean }) => {
    const reasons = await readState<Reasons>(options.file, {
      asked: (client) => client.status(),
      stored: storedReasons,
    });
    const { why, whySince, release, lastRelease } = reasons;
    if (options.json) sayJson({ why, whySince, release, lastRelease });
    else say(renderWhy(reasons, Date.now()));
  });
}

/** `why` is null while no controller runs: nothing is waited for. */
interface Reasons extends Pick<StatusReport, "lastRelease"> {
  readonly why: Why | null;
  readonly whySince: number | null;
  readonly release: { readonly id: number; readonly reason: Failure | null } | null;
}

async function storedReasons(store: ReleaseStore): Promise<Reasons> {
  const [app, history] = await Promise.all([store.load(), store.history()]);
  return {
    why: null,
    whySince: null,
    release: app?.release ?? null,
    lastRelease: history.at(-1) ?? null,
  };
}

function renderWhy(status: Reasons, now: number): string {
  const lines = [`now: ${renderNow(status, now)}`];
  const reason = status.release?.reason;
  if (reason)
    lines.push(`release ${status.release?.id} is on its way back: ${describeFailure(reason)}`);
  const last = status.lastRelease;
  if (last !== null) {
    const because = last.reason === null ? "" : `: ${describeFailure(last.reason)}`;
    lines.push(
      `release ${last.id} to revision ${last.to} ${describeOutcome(last.outcome)}${because}`,
    );
    lines.push(...logLinesOf(last));
  }
  return lines.join("\n");
}

function renderNow({ why, whySince }: Reasons, now: number): string {
  if (why === null || whySince === null) return "nobody decides: no controller runs";
  const text = describeWhy(why, now);
  return why.kind === "steady" || "since" in why
    ? text
    : `${text} (for ${Math.round((now - whySince) / 1000)} s)`;
}
