import { createHash } from "node:crypto";
import { type Kind, kinds, type Mix } from "./kind.ts";
import { seededRandom } from "./seeded-random.ts";

/** A request, ready to be written; built once and sent many times. */
export interface PlannedRequest {
  readonly kind: Kind;
  /** Whether it goes over a pooled connection; else over one of its own. */
  readonly reuses: boolean;
  readonly bytes: Buffer;
  /** Hex digest of the body that the answer has to echo, for a POST. */
  readonly sha256: string | null;
}

/** Paths of the requests, joined to the path of `url`. */
export interface Paths {
  readonly get: string;
  readonly post: string;
  readonly slow: string;
}

/** What the requests look like. */
export interface RequestSettings {
  readonly url: URL;
  readonly mix: Mix;
  readonly paths: Paths;
  readonly seed: number;
}

const distinctBodies = 256;
const bodyBytes = 512;
const blankLine = "\r\n";

/** Draws requests from a mix, the same ones in the same order for the same seed. */
export class RequestSource {
  readonly #random: () => number;
  readonly #weights: readonly { readonly kind: Kind; readonly upTo: number }[];
  readonly #byKind: Record<Kind, readonly PlannedRequest[]>;
  readonly #seed: number;
  #posts = 0;

  constructor(settings: RequestSettings) {
    this.#random = seededRandom(settings.seed);
    this.#seed = settings.seed;
    this.#weights = cumulative(settings.mix);
    const { paths } = settings;
    this.#byKind = {
      fresh: [get(settings, paths.get, { kind: "fresh", reuses: false })],
      keepalive: [get(settings, paths.get, { kind: "keepalive", reuses: true })],
      slow: [true, false].map((reuses) => get(settings, paths.slow, { kind: "slow", reuses })),
      post: Array.from({ length: distinctBodies }, (_, index) =>
        this.#post(settings, index % 2 === 0),
      ),
    };
  }

  next(): PlannedRequest {
    const drawn = this.#random() * (this.#weights.at(-1)?.upTo ?? 0);
    const kind = this.#weights.find((weight) => drawn < weight.upTo)?.kind ?? "fresh";
    const choices = this.#byKind[kind];
    const request = choices[Math.floor(this.#random() * choices.length)];
    if (request === undefined) throw new RangeError(`no request of kind ${kind}`);
    return kind === "post" ? this.#named(request) : request;
  }

  /** A POST with an `X-Order-Id` of its own, for apps that tell what they executed. */
  #named(request: PlannedRequest): PlannedRequest {
    this.#posts += 1;
    const headEnd = request.bytes.length - bodyBytes - blankLine.length;
    const id = Buffer.from(`X-Order-Id: ${this.#seed}-${this.#posts}\r\n`);
    const parts = [request.bytes.subarray(0, headEnd), id, request.bytes.subarray(headEnd)];
    return { ...request, bytes: Buffer.concat(parts) };
  }

  #post(settings: RequestSettings, reuses: boolean): PlannedRequest {
    const body = Buffer.from(
      Array.from({ length: bodyBytes }, () => Math.floor(this.#random() * 256)),
    );
    const extra = `Content-Type: application/octet-stream\r\nContent-Length: ${bodyBytes}\r\n`;
    const head = headOf(settings, { method: "POST", path: settings.paths.post, reuses, extra });
    const sha256 = createHash("sha256").update(body).digest("hex");
    return { kind: "post", reuses, bytes: Buffer.concat([Buffer.from(head), body]), sha256 };
  }
}

function get(
  settings: RequestSettings,
  path: string,
  how: { readonly kind: Kind; readonly reuses: boolean },
): PlannedRequest {
  const head = headOf(settings, { method: "GET", path, reuses: how.reuses, extra: "" });
  return { ...how, bytes: Buffer.from(head), sha256: null };
}

function headOf(
  settings: RequestSettings,
  request: { method: string; path: string; reuses: boolean; extra: string },
): string {
  const base = settings.url.pathname.replace(/\/+$/, "");
  const connection = request.reuses ? "keep-alive" : "close";
  return (
    `${request.method} ${base}${request.path} HTTP/1.1\r\nHost: ${settings.url.host}\r\n` +
    `User-Agent: hitless-load\r\nAccept: */*\r\nConnection: ${connection}\r\n${request.extra}\r\n`
  );
}

function cumulative(mix: Mix): { kind: Kind; upTo: number }[] {
  let upTo = 0;
  return kinds
    .map((kind) => {
      upTo += mix[kind] ?? 0;
      return { kind, upTo };
    })
    .filter((weight) => weight.upTo > 0);
}
