import { z } from "zod";
import type { Hooks } from "../model/app.ts";
import type { Hook, HookAction } from "../model/hook.ts";
import { namedApart } from "../strategies/named-apart.ts";
import { runSchema } from "./command-schema.ts";
import { writtenDuration } from "./duration.ts";
import { duration } from "./duration-schema.ts";
import { must } from "./expectation.ts";
import { parseShare, writtenShare } from "./percent.ts";
import { requestPath } from "./request-path.ts";
import { section } from "./section.ts";
import { webUrl } from "./web-url.ts";
import { wholeNumber } from "./whole-number.ts";

const defaultTimeoutMs = 60_000;
/** What a load may take beyond the time for which requests are sent. */
const loadSpareMs = 30_000;
const mostHooks = 50;
const times = { least: "1s", most: "1h" };

const hookRule = must(
  "a mapping such as { command: ./warm.sh, timeout: 60s, onFail: back }, { http: URL } or { load: { rate: 100, for: 30s } }",
);
const nameRule = must("a name of at most 40 letters, digits, spaces, dots, _ and -");
const shareRule = must("a percentage such as 0.5%");

const shareSchema = z.string({ error: shareRule }).transform((text, context) => {
  const share = parseShare(text);
  if (share !== null) return share;
  context.issues.push({ code: "custom", message: shareRule, input: text });
  return z.NEVER;
});

const loadSchema = section(
  {
    rate: wholeNumber(1, 5000),
    for: duration(times),
    path: requestPath.default("/"),
    lostAtMost: shareSchema.default(0),
    p95Below: duration({ least: "1ms", most: "1m" }).optional(),
  },
  must("a mapping such as { rate: 100, for: 30s, path: / }"),
);

const onFailRule = must("back, hold or continue");
/** There is nothing left to go back to. */
const onFailureRule = must(
  "continue: these run when the release has gone back already",
  "leave it out, or write continue",
);

/** The keys of a hook. */
export const hookKeys = {
  name: z
    .string({ error: nameRule })
    .regex(/^[\p{L}\d][\p{L}\d ._-]{0,39}$/u, { error: nameRule })
    .optional(),
  command: runSchema.optional(),
  http: webUrl("https://example.org/warm?revision={{revision}}").optional(),
  load: loadSchema.optional(),
  timeout: duration(times).optional(),
  attempts: wholeNumber(1, 100).optional(),
  onFail: z.literal(["back", "hold", "continue"], { error: onFailRule }).optional(),
};

const hookSchema = section(hookKeys, hookRule).transform((written, context) =>
  hookOf(written, context),
);
const onFailureSchema = section(
  { ...hookKeys, onFail: z.literal("continue", { error: onFailureRule }).default("continue") },
  hookRule,
).transform((written, context) => hookOf(written, context));

/** Several hooks of one place; those without a name get one of their own: `command`, `command 2`. */
const hookListSchema = listOf(hookSchema);

/** `hooks`. */
export const hooksSchema = section(
  {
    before: hookListSchema.default([]),
    afterSwitch: hookListSchema.default([]),
    onFailure: listOf(onFailureSchema).default([]),
  },
  must("a mapping such as { before: [{ command: ./warm.sh }] }"),
) satisfies z.ZodType<Hooks>;

/** What is written of a hook; perhaps nothing. */
export type WrittenHook = {
  readonly [Key in keyof typeof hookKeys]?: z.output<(typeof hookKeys)[Key]> | undefined;
};

/** Whether any key of a hook is written. */
export function namesHook(written: WrittenHook): boolean {
  const keys = ["name", "command", "http", "load", "timeout", "attempts", "onFail"] as const;
  return keys.some((key) => written[key] !== undefined);
}

/** The hook, with its defaults; without a name it is called after what it does. */
export function hookOf(written: WrittenHook, context: z.core.$RefinementCtx): Hook {
  const { command, http, load, attempts = 1, onFail = "back" } = written;
  if ([command, http, load].filter((each) => each !== undefined).length !== 1) {
    const message = must("a mapping with exactly one of command, http and load");
    context.issues.push({ code: "custom", message, input: written });
    return z.NEVER;
  }
  const action = actionOf({ command, http, load });
  const usualMs = action.kind === "load" ? action.forMs + loadSpareMs : defaultTimeoutMs;
  const { name = action.kind, timeout = usualMs } = written;
  if (action.kind === "load" && timeout <= action.forMs) {
    const message = must(`more than load.for, which is ${writtenDuration(action.forMs)}`);
    context.issues.push({ code: "custom", message, input: written, path: ["timeout"] });
  }
  return { name, action, timeoutMs: timeout, attempts, onFail };
}

/** The hooks as the app file writes them. */
export function writtenHooks(hooks: Hooks): Readonly<Record<string, unknown>> {
  const { before, afterSwitch, onFailure } = hooks;
  return {
    before: before.map(writtenHook),
    afterSwitch: afterSwitch.map(writtenHook),
    onFailure: onFailure.map(writtenHook),
  };
}

function writtenHook({ name, action, timeoutMs, attempts, onFail }: Hook) {
  return {
    name,
    ...writtenAction(action),
    timeout: writtenDuration(timeoutMs),
    attempts,
    onFail,
  };
}

function writtenAction(action: HookAction): Readonly<Record<string, unknown>> {
  if (action.kind === "command") return { command: action.command };
  if (action.kind === "http") return { http: action.url };
  const { rate, forMs, path, lostAtMost, p95BelowMs } = action;
  const p95 = p95BelowMs === null ? {} : { p95Below: writtenDuration(p95BelowMs) };
  const load = { rate, for: writtenDuration(forMs), path, lostAtMost: writtenShare(lostAtMost) };
  return { load: { ...load, ...p95 } };
}

interface Actions {
  readonly command: string | readonly string[] | undefined;
  readonly http: string | undefined;
  readonly load: z.output<typeof loadSchema> | undefined;
}

function actionOf({ command = "", http, load }: Actions): HookAction {
  if (http !== undefined) return { kind: "http", url: http };
  if (load === undefined) return { kind: "command", command };
  const { rate, for: forMs, path, lostAtMost, p95Below = null } = load;
  return { kind: "load", rate, forMs, path, lostAtMost, p95BelowMs: p95Below };
}

function listOf(hook: typeof hookSchema | typeof onFailureSchema) {
  return z
    .array(hook, { error: must("a list of hooks, such as [{ command: ./warm.sh }]") })
    .max(mostHooks, { error: must(`a list of at most ${mostHooks} hooks`) })
    .transform(namedApart);
}
