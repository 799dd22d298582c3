import { randomBytes } from "node:crypto";
import { forwardedElement, readForwarded, soundHops } from "../http/forwarded-for.ts";
import { plainAddress, type TrustedProxies } from "./trusted-proxies.ts";

/** Who asked, as far as it can be believed. */
export interface Asker {
  /** The client's address: the nearest one that is no trusted proxy. */
  readonly client: string;
  readonly requestId: string;
  /** Complete header lines for the replica, which say so, and the empty line. */
  readonly lines: string;
}

/** What a request says, of which a client may say nothing. */
export interface Sayings {
  /** What it was addressed to; null where HTTP/1.0 says nothing. */
  readonly host: string | null;
  /** Names, in lower case, and values of `Forwarded`, `X-Forwarded-*` and `X-Request-Id`; null: none. */
  readonly said: readonly string[] | null;
}

const hostForm = /^[A-Za-z0-9\-._~%!$&'()*+;=:[\]]+$/;
const idForm = /^[\x21-\x7e]{1,128}$/;

/** Random for this process; a count makes an id of it. Nothing of it can be guessed from another process. */
const idPrefix = `${randomBytes(8).toString("hex")}-`;
let ids = 0;

function newId(): string {
  ids += 1;
  return idPrefix + ids.toString(36);
}

/** Says who asks on one connection. Whether the peer is trusted is looked up once. */
export class PeerWord {
  readonly address: string;
  readonly trusted: boolean;
  readonly trust: TrustedProxies;
  readonly #tail: string;

  constructor(remoteAddress: string | undefined, trust: TrustedProxies) {
    this.trust = trust;
    this.address = plainAddress(remoteAddress);
    this.trusted = trust.has(this.address);
    this.#tail = `X-Forwarded-For: ${this.address}\r\nX-Forwarded-Proto: http\r\n\r\n`;
  }

  /** Who sent that request. */
  askerOf(request: Sayings): Asker {
    if (this.trusted && request.said !== null) return this.#relayed(request, request.said);
    const requestId = newId();
    const host = request.host === null ? "" : `X-Forwarded-Host: ${request.host}\r\n`;
    const lines = `${host}X-Request-Id: ${requestId}\r\n${this.#tail}`;
    return { client: this.address, requestId, lines };
  }

  #relayed(request: Sayings, said: readonly string[]): Asker {
    const forwarded = joined(said, "forwarded");
    const line = forwarded === null ? null : readForwarded(forwarded);
    const chain = joined(said, "x-forwarded-for");
    const named = chain === null ? (line?.hops ?? []) : hopsOf(chain);
    const hops = soundHops(named);
    const proto = protoOf(only(said, "x-forwarded-proto") ?? line?.proto ?? null);
    const host = fitting(only(said, "x-forwarded-host"), hostForm) ?? request.host;
    const port = portOf(only(said, "x-forwarded-port"));
    const requestId = fitting(only(said, "x-request-id"), idForm) ?? newId();
    const lines =
      (host === null ? "" : `X-Forwarded-Host: ${host}\r\n`) +
      `X-Request-Id: ${requestId}\r\n` +
      `X-Forwarded-For: ${[...hops, this.address].join(", ")}\r\n` +
      `X-Forwarded-Proto: ${proto}\r\n` +
      (port === null ? "" : `X-Forwarded-Port: ${port}\r\n`) +
      (line === null
        ? ""
        : `Forwarded: ${forwarded}, ${forwardedElement(this.address, "http")}\r\n`) +
      "\r\n";
    return { client: this.#nearestStranger(hops), requestId, lines };
  }

  #nearestStranger(hops: readonly string[]): string {
    for (let at = hops.length - 1; at >= 0; at -= 1) {
      const hop = hops[at] ?? "";
      if (!this.trust.has(hop)) return hop;
    }
    return hops[0] ?? this.address;
  }
}

/** All values of that name as one list; null when there is none. */
function joined(said: readonly string[], name: string): string | null {
  let list: string | null = null;
  for (let at = 0; at + 1 < said.length; at += 2) {
    if (said[at] === name) list = list === null ? (said[at + 1] ?? "") : `${list}, ${said[at + 1]}`;
  }
  return list;
}

/** The value of that name; null when there is none, or when there are several to choose from. */
function only(said: readonly string[], name: string): string | null {
  let value: string | null = null;
  for (let at = 0; at + 1 < said.length; at += 2) {
    if (said[at] !== name) continue;
    if (value !== null) return null;
    value = said[at + 1] ?? "";
  }
  return value;
}

function hopsOf(chain: string): readonly string[] {
  return chain.includes(",") ? chain.split(/[\t ]*,[\t ]*/) : [chain];
}

function fitting(value: string | null, form: RegExp): string | null {
  return value !== null && form.test(value) ? value : null;
}

function protoOf(value: string | null): string {
  const proto = value?.toLowerCase() ?? "";
  return proto === "https" || proto === "wss" || proto === "ws" ? proto : "http";
}

function portOf(value: string | null): string | null {
  const port = fitting(value, /^\d{1,5}$/);
  return port !== null && Number(port) > 0 && Number(port) < 65_536 ? port : null;
}
