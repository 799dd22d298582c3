import { z } from "zod";
import { must } from "./expectation.ts";

const bareUrl = must(
  "an address without a password in it",
  "write $NAME for it, and set NAME in the environment of the controller",
);

/**
 * An address that can be asked by HTTP. A password in it is refused: the app file and the state are no
 * place for one.
 */
export function webUrl(example: string) {
  const error = must(`an address that begins with http:// or https://, such as ${example}`);
  return z
    .url({ protocol: /^https?$/u, hostname: /^[^\s]+$/u, error })
    .refine((url) => !holdsPassword(url), { error: bareUrl });
}

/** As who asks reads it: the slashes may be turned, fewer or more. */
function holdsPassword(url: string): boolean {
  const user = /^\w+:[\\/]*([^\\/?#]*)@/u.exec(url.replace(/[\t\r\n]/gu, ""))?.[1];
  if (user === undefined) return false;
  const colon = user.indexOf(":");
  return !/^\$[A-Z_][A-Z0-9_]*$/u.test(user.slice(colon + 1));
}
