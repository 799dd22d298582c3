import { z } from "zod";
import { must } from "./expectation.ts";

/** An address that can be asked by HTTP. */
export function webUrl(example: string) {
  const error = must(`an address that begins with http:// or https://, such as ${example}`);
  return z.url({ protocol: /^https?$/u, hostname: /^[^\s]+$/u, error });
}
