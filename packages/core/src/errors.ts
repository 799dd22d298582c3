import type { Happened } from "./model/happened.ts";

/**
 * Every way in which Hitless refuses or fails, with the exit code of the command that met it
 * (DESIGN §9). Each code has a heading of the same name in `docs/errors.md`.
 */
const errorCodes = {
  /** The app file, a flag or a request body is wrong. Nothing was changed. */
  BAD_INPUT: 2,
  /** The command line names no known command, or its arguments do not fit. */
  BAD_USAGE: 2,
  /** The app file, or a folder that it names, does not exist or cannot be read. */
  FILE_NOT_FOUND: 2,
  /** No revision of that number is kept. */
  UNKNOWN_REVISION: 2,
  /** The command in `run` is not in PATH. */
  COMMAND_NOT_FOUND: 2,
  /** The port clients should reach the app on is held by another process. */
  PORT_TAKEN: 2,
  /** Every port that replicas may use is held by another process. */
  NO_FREE_PORT: 6,
  /** A declared secret has no value in any source. */
  SECRET_MISSING: 2,
  /** The release failed and the app is back on the old revision. */
  RELEASE_FAILED: 3,
  /** `hitless load` lost requests. */
  REQUESTS_LOST: 3,
  /** `hitless certify` found an item that fails. */
  NOT_CERTIFIED: 6,
  /** The release was aborted by a person and the app is back on the old revision. */
  RELEASE_ABORTED: 4,
  /** The command stopped waiting; the release goes on. */
  STOPPED_WAITING: 5,
  /** An invariant, a gate or the present state says no. */
  REFUSED: 6,
  /** The release that it was meant for has ended, turned back or moved on meanwhile. */
  OVERTAKEN: 6,
  /** Another controller runs this app. */
  CONTROLLER_RUNNING: 6,
  /** The way back failed too, or there was none (a first revision). */
  NO_WAY_BACK: 7,
  /** The disk that holds the state, or the quota on it, is full. Nothing was changed. */
  DISK_FULL: 6,
  /** A file or folder of the state may not be read or written by this user. Nothing was changed. */
  NO_PERMISSION: 6,
  /** No controller answers. */
  NO_CONTROLLER: 8,
  /** A state file cannot be read, or comes from a newer Hitless. */
  STATE_UNREADABLE: 1,
  /** The disk that holds the state reports an error, or takes no writes any more. */
  DISK_FAILED: 1,
  /** The platform lacks what the single-machine engine needs. */
  UNSUPPORTED_PLATFORM: 1,
  /** The proxy does not answer, or refuses a table. */
  PROXY_UNREACHABLE: 1,
  /** A transition would have broken an invariant: a fault in Hitless, stopped before it acted. */
  INVARIANT_BROKEN: 1,
  /** Anything nobody foresaw. */
  INTERNAL: 1,
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** All codes, for the test that keeps `docs/errors.md` complete. */
export const allErrorCodes = Object.keys(errorCodes) as readonly ErrorCode[];

/** What is known beside the sentence: where it went wrong and what to do next. */
export interface ErrorDetails {
  /** What the reader should do next, a sentence. */
  readonly next?: string;
  /** Path into the app file, `['probes', 'readiness', 'path']`; the CLI turns it into line and column. */
  readonly path?: readonly (string | number)[];
  /** What has become of the release that was meant, when that is why. */
  readonly happened?: Happened;
  readonly cause?: unknown;
}

/** The one error class. `message` says what is wrong, with the offending value. */
export class HitlessError extends Error {
  override readonly name = "HitlessError";
  readonly code: ErrorCode;
  readonly next: string | undefined;
  readonly path: readonly (string | number)[] | undefined;
  readonly happened: Happened | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.next = details.next;
    this.path = details.path;
    this.happened = details.happened;
  }

  /** The exit code of a command that ends with this error (DESIGN §9). */
  get exitCode(): number {
    return errorCodes[this.code];
  }

  /** What machines are told of it; `stack` and `cause` stay here. */
  toJSON() {
    const { code, message, next, path, happened } = this;
    return { code, message, next, path, happened };
  }

  /** Wraps anything thrown; a `HitlessError` passes unchanged. */
  static from(thrown: unknown): HitlessError {
    if (thrown instanceof HitlessError) return thrown;
    return new HitlessError("INTERNAL", messageOf(thrown), { cause: thrown });
  }
}

/** What a thrown value says, without the name of its class: for a sentence that goes on with it. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The exit code that belongs to an error code; 1 for a code this version does not know. */
export function exitCodeOf(code: string): number {
  return Object.hasOwn(errorCodes, code) ? errorCodes[code as ErrorCode] : 1;
}
