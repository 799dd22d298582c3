import type { App } from "../../model/app.ts";
import type { Release, ReleaseRecord } from "../../model/release.ts";

interface Turned {
  readonly reason: Release["reason"];
  readonly measured: readonly { readonly waypoint: string; readonly metric: string }[];
}

/** Remembers why releases were turned back and what had been measured, until their row is written. */
export class RecordJudge {
  readonly #turned = new Map<number, Turned>();
  /** The release that the last save has turned back; null when it has turned none. */
  #fresh: number | null = null;
  readonly #rows = new Map<number, ReleaseRecord>();

  onSave(before: Release | null, now: Release | null): void {
    this.#fresh = null;
    if (now === null) return;
    if (now.direction === "forward") {
      this.#turned.delete(now.id);
      return;
    }
    if (before?.id !== now.id || before.direction === "back") return;
    const waypoint = before.plan[before.cursor]?.id ?? "";
    const measured = Object.keys(before.analysis ?? {}).map((metric) => ({ waypoint, metric }));
    this.#turned.set(now.id, { reason: now.reason, measured });
    this.#fresh = now.id;
  }

  /** The last save was said to have failed. */
  onDoubt(): void {
    if (this.#fresh !== null) this.#turned.delete(this.#fresh);
  }

  onRecord(record: ReleaseRecord): readonly string[] {
    this.#rows.set(record.id, record);
    const turned = this.#turned.get(record.id);
    if (turned === undefined) return [];
    const found: string[] = [];
    if (turned.reason === null || JSON.stringify(record.reason) !== JSON.stringify(turned.reason)) {
      found.push(
        `history: release ${record.id} was turned back for another reason than its row has`,
      );
    }
    const judged = record.judged ?? [];
    for (const { waypoint, metric } of turned.measured) {
      if (judged.some((j) => j.waypoint === waypoint && j.metric === metric)) continue;
      found.push(`history: release ${record.id} lost what ${metric} said at ${waypoint}`);
    }
    return found;
  }

  /** Somebody goes back without saying where to. */
  onTarget(app: App, target: number | null): readonly string[] {
    if (app.release !== null || target === null || !this.#distrusted().has(target)) return [];
    return [`history: a rollback goes to revision ${target}, which was rolled back from`];
  }

  /** Revisions that somebody rolled back from, as the history has it. */
  #distrusted(): ReadonlySet<number> {
    const distrusted = new Set<number>();
    const ended = [...this.#rows.values()].sort((a, b) => a.id - b.id);
    for (const { kind, outcome, from, to } of ended) {
      if (outcome !== "succeeded") continue;
      if (kind === "rollback" && from !== null) distrusted.add(from);
      distrusted.delete(to);
    }
    return distrusted;
  }
}
