import { z } from "zod";
import { defaultFront, type FrontSettings } from "../model/front.ts";
import { must } from "./expectation.ts";
import { parseBytes } from "./quantity.ts";
import { section } from "./section.ts";
import { wholeNumber, wholeSeconds } from "./whole-number.ts";

const addressRule = "an IP address or a CIDR block, such as 10.0.0.0/8, 192.168.1.7 or fd00::/8";
const sizeRule = must("an amount of bytes of at least 1, such as 10Mi, or 0 for any");
const flagRule = must("true or false");
const mostConnections = 1_000_000;
const addresses = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);

const trustedSchema = z
  .array(z.string({ error: must(addressRule) }).superRefine(checkAddress), {
    error: must("a list of addresses, such as [10.0.0.0/8, ::1]"),
  })
  .max(100, { error: must("a list of at most 100 addresses") })
  .transform((list) => [...new Set(list)]);

const sizeSchema = z
  .union([z.string(), z.number()], { error: sizeRule })
  .transform((raw, context) => {
    const bytes = parseBytes(raw);
    if (bytes !== null) return bytes;
    context.issues.push({ code: "custom", message: sizeRule, input: raw });
    return z.NEVER;
  });

/** `proxy`. */
export const proxySchema = section(
  {
    workers: wholeNumber(1, 32).nullable().default(defaultFront.workers),
    trustedProxies: trustedSchema.default([]),
    accessLog: z.boolean({ error: flagRule }).default(defaultFront.accessLog),
    maxConnections: wholeNumber(1, mostConnections).default(defaultFront.maxConnections),
    maxConnectionsPerAddress: wholeNumber(0, mostConnections).default(
      defaultFront.maxConnectionsPerAddress,
    ),
    maxBodySize: sizeSchema.default(defaultFront.maxBodyBytes),
    responseTimeoutSeconds: wholeSeconds(1).default(defaultFront.responseTimeoutSeconds),
    bodyIdleTimeoutSeconds: wholeSeconds(1).default(defaultFront.bodyIdleTimeoutSeconds),
  },
  must("a mapping such as { trustedProxies: [10.0.0.0/8], accessLog: true }"),
)
  .transform(
    ({ maxBodySize, ...front }): FrontSettings => ({ ...front, maxBodyBytes: maxBodySize }),
  )
  .default(defaultFront);

function checkAddress(text: string, context: z.core.$RefinementCtx<string>): void {
  if (addresses.safeParse(text).success && !isMapped(text)) return;
  context.addIssue({ code: "custom", message: must(addressRule, hintFor(text)) });
}

// Clients that come by IPv4 are known by that address, also where the socket takes both.
function isMapped(text: string): boolean {
  return /^(?:0{0,4}:){2,5}ffff:/iu.test(text);
}

function hintFor(text: string): string | undefined {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/iu.exec(text)?.[1];
  if (mapped !== undefined) return `write ${mapped}`;
  return text === "localhost" ? "write 127.0.0.1 and ::1" : undefined;
}
