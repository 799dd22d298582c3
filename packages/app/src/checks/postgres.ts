import type { Check, CheckSettings } from "./check.ts";
import { unlessAborted } from "./unless-aborted.ts";

/** What is used of a `Pool` of the `pg` package. */
export interface PgPoolLike {
  readonly totalCount: number;
  connect(): Promise<PgPoolClientLike>;
  on(event: "error", listener: () => void): unknown;
}

export interface PgPoolClientLike extends PgClientLike {
  release(destroy?: boolean): void;
  on(event: "error", listener: () => void): unknown;
  off(event: "error", listener: () => void): unknown;
}

/** What is used of a `Client` of the `pg` package. */
export interface PgClientLike {
  query(text: string): PromiseLike<unknown>;
}

/** What is used of the `sql` of the `postgres` package. */
export interface PostgresJsLike {
  unsafe(text: string): PromiseLike<unknown>;
}

const query = "SELECT 1";

/**
 * Whether Postgres answers, over a connection of the application's own pool: one that is used up fails it, too. A query without
 * an answer has its connection destroyed; a pool of `pg` would otherwise miss it until the server answers.
 *
 * Listens for `error` of a `pg` pool, so that a restart of the server does not end the process.
 */
export function postgres(
  client: PgPoolLike | PgClientLike | PostgresJsLike,
  settings: CheckSettings = {},
): Check {
  if (!("totalCount" in client)) {
    const run = "unsafe" in client ? () => client.unsafe(query) : () => client.query(query);
    return { ...settings, run };
  }
  client.on("error", ignore);
  return { ...settings, run: (signal) => askOver(client, signal) };
}

async function askOver(pool: PgPoolLike, signal: AbortSignal): Promise<void> {
  // Cannot be cancelled: `connectionTimeoutMillis` of the pool ends it, or the server.
  const client = await pool.connect();
  if (signal.aborted) return client.release();
  // One that is checked out has no listener.
  client.on("error", ignore);
  try {
    await unlessAborted(client.query(query), signal);
  } catch (error) {
    client.release(true);
    throw error;
  }
  client.off("error", ignore);
  client.release();
}

/** The check itself says what is wrong. */
function ignore(): void {}
