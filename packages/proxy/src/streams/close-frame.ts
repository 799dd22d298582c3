import { randomBytes } from "node:crypto";

/**
 * RFC 6455 §7.4.1: the endpoint goes away. Not 1012 (service restart) of the IANA registry: its entry
 * asks clients to stay away for 5 to 30 s, while another replica can serve them at once; and
 * clients that know the codes of the RFC only break the connection on it.
 */
export const goingAway = 1001;

/** A close frame as a server sends it. */
export function closeFrame(code: number): Buffer {
  return Buffer.from([0x88, 2, code >> 8, code & 255]);
}

/** A close frame as a client sends it: masked, and so that nobody can foresee the bytes (§10.3). */
export function maskedCloseFrame(code: number): Buffer {
  const mask = randomBytes(4);
  const [high = 0, low = 0] = mask;
  const payload = Buffer.from([(code >> 8) ^ high, (code & 255) ^ low]);
  return Buffer.concat([Buffer.from([0x88, 0x80 | 2]), mask, payload]);
}
