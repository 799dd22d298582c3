/** Who this process is: said by Hitless in the environment, null where nobody did. */
export interface Identity {
  readonly app: string | null;
  readonly revision: string | null;
  readonly replica: string | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads `HITLESS_APP`, `HITLESS_REVISION` and `HITLESS_REPLICA`. */
export function identityOf(env: Environment = process.env): Identity {
  return {
    app: env["HITLESS_APP"] ?? null,
    revision: env["HITLESS_REVISION"] ?? null,
    replica: env["HITLESS_REPLICA"] ?? null,
  };
}

/** Fields for every log line: `pino({ base: logFields() })`. Holds only what is known, and the pid. */
export function logFields(env: Environment = process.env): Record<string, string | number> {
  const known = Object.entries(identityOf(env)).filter(([, value]) => value !== null);
  return { pid: process.pid, ...Object.fromEntries(known) };
}
