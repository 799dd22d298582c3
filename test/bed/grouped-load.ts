import { type LoadReport, type LoadSession, type Mix, startLoad } from "@hitless/load";

/** Clients that ask alike. */
export interface Group {
  readonly name: string;
  readonly rate: number;
  /** Added to each path, so that a route can tell them: `?variant=b`. */
  readonly query: string;
}

/** Everybody asks alike. */
export function oneGroup(rate: number): readonly Group[] {
  return [{ name: "all", rate, query: "" }];
}

/** One open-loop load for each group, their phases in step. */
export class GroupedLoad {
  private readonly sessions: ReadonlyMap<string, LoadSession>;

  constructor(url: string, groups: readonly Group[], mix: Mix) {
    const started = groups.map(({ name, rate, query }, seed) => {
      const paths = { get: `/${query}`, post: `/orders${query}`, slow: `/slow${query}` };
      return [name, startLoad({ url, rate, mix, paths, seed: seed + 1 })] as const;
    });
    this.sessions = new Map(started);
  }

  phase(name: string): void {
    for (const session of this.sessions.values()) session.phase(name);
  }

  /** p95 of the answers so far, ms: of the group where it is highest. */
  get p95(): number {
    const all = [...this.sessions.values()].map((s) => s.snapshot().total.latencyMs.p95);
    return Math.max(...all);
  }

  /** By group. */
  async stop(): Promise<ReadonlyMap<string, LoadReport>> {
    const stopped = [...this.sessions].map(
      async ([name, session]) => [name, await session.stop()] as const,
    );
    return new Map(await Promise.all(stopped));
  }
}
