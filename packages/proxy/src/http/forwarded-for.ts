import { isIP } from "node:net";

/** Of a longer chain only that many hops, the nearest ones, are looked at and passed on. */
const maxHops = 32;

const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const quoted =
  '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t \\x21-\\x7e\\x80-\\xff])*"';
const pair = `${token}=(?:${token}|${quoted})`;
const forwarded = new RegExp(`^${pair}(?:[\\t ]*[;,][\\t ]*${pair})*$`);
const eachPair = new RegExp(`(${token})=(${token}|${quoted})[\\t ]*([;,]?)`, "g");

/** What the elements of a `Forwarded` line say (RFC 7239), the farthest client first. */
export interface ForwardedLine {
  readonly hops: readonly string[];
  /** As the nearest proxy saw it; null when it did not say. */
  readonly proto: string | null;
}

/** Reads `Forwarded`; null when it is malformed. */
export function readForwarded(value: string): ForwardedLine | null {
  if (!forwarded.test(value)) return null;
  const hops: string[] = [];
  let proto: string | null = null;
  for (const [, name = "", said = "", end] of value.matchAll(eachPair)) {
    const plain = said.startsWith('"') ? said.slice(1, -1).replace(/\\(.)/g, "$1") : said;
    if (/^for$/i.test(name)) hops.push(plain);
    if (/^proto$/i.test(name)) proto = plain;
    if (end === ",") proto = null;
  }
  return { hops, proto };
}

/** Our element of a `Forwarded` line. */
export function forwardedElement(peer: string, proto: string): string {
  const node = isIP(peer) === 6 ? `"[${peer}]"` : peer;
  return `for=${node};proto=${proto}`;
}

/**
 * The hops that can be believed to be hops, the nearest last: what stands before a malformed one
 * may be anything. Ports are taken off.
 */
export function soundHops(hops: readonly string[]): readonly string[] {
  const sound: string[] = [];
  for (let at = hops.length - 1; at >= 0 && sound.length < maxHops; at -= 1) {
    const address = addressOf(hops[at] ?? "");
    if (address === null) break;
    sound.push(address);
  }
  return sound.reverse();
}

/** `1.2.3.4`, `1.2.3.4:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`, without the port; null for anything else. */
function addressOf(hop: string): string | null {
  if (isIP(hop) !== 0) return plain(hop);
  const parts = /^(?:\[([0-9A-Fa-f:.]+)\]|(\d+\.\d+\.\d+\.\d+))(?::\d{1,5})?$/.exec(hop);
  const address = parts?.[1] ?? parts?.[2] ?? "";
  return isIP(address) === 0 ? null : plain(address);
}

// A zone says something on the sender's machine only.
function plain(address: string): string | null {
  return address.includes("%") ? null : address.replace(/^::ffff:(?=\d+\.)/i, "");
}
