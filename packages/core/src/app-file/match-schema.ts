import { z } from "zod";
import type { KeySource, Match, Stickiness } from "../model/route.ts";
import type { Override } from "../model/route-intent.ts";
import { must } from "./expectation.ts";
import { section } from "./section.ts";
import { scalarText } from "./text.ts";

const nameRule = must("a name of letters, digits, _ and -, of at most 100");
const name = z.string({ error: nameRule }).regex(/^[A-Za-z0-9_][-.A-Za-z0-9_]{0,99}$/u, {
  error: nameRule,
});
const percentRule = must("a percentage from 0.1 to 100, such as 20");
const mostMatches = 50;

const keys = { header: name.optional(), cookie: name.optional(), query: name.optional() };

interface WrittenKey {
  readonly header?: string | undefined;
  readonly cookie?: string | undefined;
  readonly query?: string | undefined;
}

const keyRule = "exactly one of header, cookie and query";

const keySchema = section(
  keys,
  must(`a mapping with ${keyRule}, such as { cookie: user }`),
).transform((written, context): Stickiness => {
  const key = keyOf(written);
  if (key !== null) return key;
  context.issues.push({
    code: "custom",
    message: must(`a mapping with ${keyRule}`),
    input: written,
  });
  return z.NEVER;
});

const percent = z
  .number({ error: percentRule })
  .refine((n) => isTenth(n) && n > 0 && n <= 100, { error: percentRule });

const whereSchema = section(
  { ...keys, value: scalarText() },
  must("a mapping such as { header: x-plan, value: pro }"),
).transform((written, context): Match => {
  const key = keyOf(written);
  if (key !== null) return { kind: key.by, name: lowered(key), value: written.value };
  context.issues.push({
    code: "custom",
    message: must(`a mapping with ${keyRule}`),
    input: written,
  });
  return z.NEVER;
});

const matchRule = must(
  "a mapping such as { header: x-variant, value: b }, { cookie: beta, value: yes } or { user: { cookie: uid }, percent: 20 }",
);

const matchSchema = section(
  {
    ...keys,
    value: scalarText().optional(),
    user: keySchema.optional(),
    percent: percent.optional(),
    segment: whereSchema.optional(),
  },
  matchRule,
).transform((written, context): Match => {
  const match = matchOf(written);
  if (match !== null) return match;
  context.issues.push({ code: "custom", message: matchRule, input: written });
  return z.NEVER;
});

/** `match`: requests that see the new side; one of them is enough. */
export const matchesSchema = z
  .array(matchSchema, { error: must("a list such as [{ header: x-variant, value: b }]") })
  .min(1, { error: must("a list of at least one match") })
  .max(mostMatches, { error: must(`a list of at most ${mostMatches} matches`) });

/** `sticky`: what of a request says whose it is. */
export const stickySchema = keySchema.transform(
  (key): Stickiness => ({ by: key.by, name: lowered(key) }),
);

/** `override`: the header by which a request chooses its side; `none`: there is no such header. */
export const overrideSchema = z
  .string({ error: must("the name of a header, such as x-canary, or none") })
  .regex(/^[A-Za-z0-9][-A-Za-z0-9]{0,99}$/u, {
    error: must("the name of a header, such as x-canary, or none"),
  })
  .transform((header): Override | null =>
    header === "none" ? null : { header: header.toLowerCase() },
  );

/** Whether that many percent can be given: tenths are the smallest. */
export function isTenth(n: number): boolean {
  return Math.abs(n * 10 - Math.round(n * 10)) < 1e-9;
}

interface WrittenMatch extends WrittenKey {
  readonly value?: string | undefined;
  readonly user?: Stickiness | undefined;
  readonly percent?: number | undefined;
  readonly segment?: Match | undefined;
}

function matchOf({ value, user, percent: share, segment, ...rest }: WrittenMatch): Match | null {
  const key = keyOf(rest);
  if (user === undefined) {
    if (key === null || value === undefined || share !== undefined || segment !== undefined)
      return null;
    return { kind: key.by, name: lowered(key), value };
  }
  if (key !== null || value !== undefined || share === undefined) return null;
  const hash: Match = { kind: "hash", by: user.by, name: lowered(user), percent: share };
  return segment === undefined ? hash : { kind: "all", of: [segment, hash] };
}

function keyOf({ header, cookie, query }: WrittenKey): Stickiness | null {
  const named: readonly (readonly [KeySource, string | undefined])[] = [
    ["header", header],
    ["cookie", cookie],
    ["query", query],
  ];
  const written = named.flatMap(([by, key]) => (key === undefined ? [] : [{ by, name: key }]));
  return written.length === 1 ? (written[0] ?? null) : null;
}

/** Names of headers are the same in any case. */
function lowered({ by, name: written }: Stickiness): string {
  return by === "header" ? written.toLowerCase() : written;
}
