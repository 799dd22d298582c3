import type { AuditEntry } from "@hitless/core";
import { Command } from "commander";
import { readState } from "../follow/read-state.ts";
import { duration, type FileOption, withFile } from "../options.ts";
import { progress, say, sayJson } from "../output.ts";
import { renderAudit } from "../render/render-audit.ts";

interface AuditOptions extends FileOption {
  readonly json?: boolean;
  readonly since?: number;
}

/** `hitless audit [--since 24h] [--json]` */
export function auditCommand(): Command {
  const command = new Command("audit")
    .description("Who asked for what, and what came of it, oldest first.")
    .option("--since <time>", "only what was asked within this time, e.g. 24h", duration)
    .option("--json", "for machines");
  return withFile(command).action(audit);
}

async function audit(options: AuditOptions): Promise<void> {
  const { entries, damage } = await readState(options.file, {
    asked: (client) => client.audit(),
    stored: (store) => store.audit(),
  });
  const from = options.since === undefined ? 0 : Date.now() - options.since;
  const wanted: readonly AuditEntry[] = entries.filter((entry) => entry.at >= from);
  if (options.json) return sayJson({ entries: wanted, damage });
  say(renderAudit(wanted));
  for (const sentence of damage) progress(sentence);
}
