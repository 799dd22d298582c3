import type { LogLine, LogQuery } from "../ports/engine.ts";

/** What the replicas of a fake engine have written. */
export class FakeLog {
  readonly #lines: (LogLine & { readonly at: number })[] = [];

  add(line: LogLine, at: number): void {
    this.#lines.push({ ...line, at });
  }

  /** The lines of that query, and with `follow` those that come later; each piece of `news` may bring some. */
  async *read(query: LogQuery, news: AsyncIterator<void>): AsyncIterable<LogLine> {
    let fresh = this.#matching(query);
    let told = fresh.length;
    if (query.tail !== null) fresh = lastOfEach(fresh, query.tail);
    for (;;) {
      for (const { replica, revision, text } of fresh) yield { replica, revision, text };
      if (!query.follow || (await news.next()).done === true) return;
      fresh = this.#matching(query).slice(told);
      told += fresh.length;
    }
  }

  #matching({ revision, replica, since }: LogQuery) {
    return this.#lines
      .filter((line) => revision === null || line.revision === revision)
      .filter((line) => replica === null || line.replica === replica)
      .filter((line) => since === null || line.at >= since);
  }
}

function lastOfEach<T extends LogLine>(lines: readonly T[], count: number): T[] {
  const after = new Map<string, number>();
  return lines
    .toReversed()
    .filter(({ replica }) => {
      const nth = (after.get(replica) ?? 0) + 1;
      after.set(replica, nth);
      return nth <= count;
    })
    .reverse();
}
