import { z } from "zod";
import type { Probe, ProbeCheck } from "../model/probe.ts";
import { argvSchema } from "./command-schema.ts";
import { must } from "./expectation.ts";
import { requestPath } from "./request-path.ts";
import { section } from "./section.ts";
import { scalarText } from "./text.ts";
import { portNumber, wholeNumber, wholeSeconds } from "./whole-number.ts";

const probeRule = must(
  "a mapping such as { path: /ready }, { port: 5432 } or { command: [check] }",
);
const oneOf = "path, port, command, httpGet, tcpSocket or exec";

const headerName = z
  .string({ error: must("the name of a header") })
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/u, { error: must("the name of a header") });
const headersSchema = z.record(headerName, scalarText(), {
  error: must("a mapping of headers, such as { X-Probe: hitless }"),
});

const httpGetSchema = section(
  {
    path: requestPath.default("/"),
    port: portNumber().optional(),
    scheme: z
      .literal("HTTP", { error: must("HTTP", "probes over TLS are not in this version yet") })
      .optional(),
    httpHeaders: z
      .array(
        section({ name: headerName, value: scalarText() }, must("a mapping of name and value")),
        { error: must("a list such as [{ name: X-Probe, value: hitless }]") },
      )
      .default([]),
  },
  must("a mapping such as { path: /ready, port: 8080 }"),
);

const shape = {
  path: requestPath.optional(),
  port: portNumber().optional(),
  headers: headersSchema.optional(),
  command: argvSchema.optional(),
  httpGet: httpGetSchema.optional(),
  tcpSocket: section({ port: portNumber().optional() }, must("a mapping such as { port: 5432 }"))
    .nullable()
    .optional(),
  exec: section({ command: argvSchema }, must("a mapping such as { command: [check] }")).optional(),
  initialDelaySeconds: wholeSeconds(0).default(0),
  periodSeconds: wholeSeconds(1).default(10),
  timeoutSeconds: wholeSeconds(1).default(1),
  successThreshold: wholeNumber(1, 1000).default(1),
  failureThreshold: wholeNumber(1, 100_000).default(3),
};

const fields = section(shape, probeRule);
type Fields = z.output<typeof fields>;

/** `probes.readiness`. */
const readinessSchema = fields.superRefine(oneCheckOnly).transform(toProbe);

/** `probes.startup` and `probes.liveness`, where Kubernetes allows a success threshold of 1 only. */
const otherProbeSchema = section(
  {
    ...shape,
    successThreshold: z
      .literal(1, { error: must("1 here, as in Kubernetes: only readiness may ask for more") })
      .default(1),
  },
  probeRule,
)
  .superRefine(oneCheckOnly)
  .transform(toProbe);

function oneCheckOnly(probe: Fields, context: z.RefinementCtx): void {
  const checks = [
    probe.path !== undefined || (probe.port !== undefined && probe.command === undefined)
      ? "http or tcp"
      : null,
    probe.command,
    probe.httpGet,
    probe.tcpSocket,
    probe.exec,
  ].filter((check) => check !== undefined && check !== null);
  const empty = probe.tcpSocket === null ? 1 : 0;
  if (checks.length + empty !== 1) {
    context.addIssue({ code: "custom", message: must(`a mapping with exactly one of ${oneOf}`) });
    return;
  }
  for (const key of misplaced(probe)) {
    context.addIssue({
      code: "custom",
      path: [key],
      message: must("left out here: it belongs to a probe with path"),
      params: { kind: "key" },
    });
  }
}

function misplaced(probe: Fields): readonly string[] {
  const keys: string[] = [];
  if (probe.headers !== undefined && probe.path === undefined) keys.push("headers");
  if (probe.port !== undefined && probe.command !== undefined) keys.push("port");
  return keys;
}

function toProbe(probe: Fields): Probe {
  const { initialDelaySeconds, periodSeconds, timeoutSeconds } = probe;
  const { successThreshold, failureThreshold } = probe;
  return {
    check: toCheck(probe),
    initialDelaySeconds,
    periodSeconds,
    timeoutSeconds,
    successThreshold,
    failureThreshold,
  };
}

function toCheck(probe: Fields): ProbeCheck {
  const { path, port = null, headers = {}, httpGet, tcpSocket } = probe;
  const command = probe.command ?? probe.exec?.command;
  if (command !== undefined) return { kind: "exec", command };
  if (path !== undefined) return { kind: "httpGet", path, port, headers };
  if (httpGet === undefined) return { kind: "tcpSocket", port: tcpSocket?.port ?? port };
  return {
    kind: "httpGet",
    path: httpGet.path,
    port: httpGet.port ?? null,
    headers: Object.fromEntries(httpGet.httpHeaders.map(({ name, value }) => [name, value])),
  };
}

/** `probes`. Readiness must be declared: a silent default would call every started process ready. */
export const probesSchema = section(
  {
    startup: otherProbeSchema.nullish(),
    liveness: otherProbeSchema.nullish(),
    readiness: readinessSchema,
  },
  must("a mapping with at least readiness, such as { readiness: { path: /ready } }"),
).transform(({ startup, liveness, readiness }) => ({
  startup: startup ?? null,
  liveness: liveness ?? null,
  readiness,
}));
