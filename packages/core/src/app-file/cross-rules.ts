import { z } from "zod";
import { compile } from "../strategies/compile.ts";
import type { AppFileProblem } from "./app-file-problem.ts";
import { variableNameRule } from "./environment-schema.ts";
import { appFileSchema } from "./schema.ts";
import { showPath } from "./show-value.ts";

const { minReadySeconds, progressDeadlineSeconds } = appFileSchema.shape;
const timesSchema = z.object({ minReadySeconds, progressDeadlineSeconds });
const namesSchema = z.object({
  config: z.record(z.string(), z.unknown()),
  secrets: z.array(z.unknown()),
});

/**
 * Rules between sections. Each reads only what it needs, so that a mistake elsewhere in the file
 * hides none of them.
 */
export function crossProblems(raw: unknown): readonly AppFileProblem[] {
  return [
    ...deadlineProblems(raw),
    ...configNameProblems(raw),
    ...secretProblems(raw),
    ...probePortProblems(raw),
    ...listenedPortProblems(raw),
    ...analysisProblems(raw),
  ];
}

/** Kubernetes `DeploymentSpec`: the deadline must leave time for a replica to count as available. */
function deadlineProblems(raw: unknown): readonly AppFileProblem[] {
  const times = timesSchema.safeParse(raw).data;
  if (times === undefined || times.progressDeadlineSeconds > times.minReadySeconds) return [];
  const declared = isDeclared(raw, "progressDeadlineSeconds");
  const { minReadySeconds: least, progressDeadlineSeconds: deadline } = times;
  return [
    {
      path: [declared ? "progressDeadlineSeconds" : "minReadySeconds"],
      message: declared
        ? `progressDeadlineSeconds is ${deadline}; it must be more than minReadySeconds, which is ${least}`
        : `minReadySeconds is ${least}; it must be less than progressDeadlineSeconds, which is ${deadline} unless the file says otherwise`,
      at: "value",
    },
  ];
}

/** Names are read from the file itself, because a decoded record has no `__proto__`. */
function configNameProblems(raw: unknown): readonly AppFileProblem[] {
  const config = childOf(raw, "config");
  if (!isMapping(config)) return [];
  return Object.keys(config).flatMap((name): AppFileProblem[] => {
    const rule = variableNameRule(name);
    if (rule === null) return [];
    const message = `config has ${JSON.stringify(name)}; it must be ${rule}`;
    return [{ path: ["config", name], message, at: "key" }];
  });
}

/** A variable has one source. */
function secretProblems(raw: unknown): readonly AppFileProblem[] {
  const names = namesSchema.safeParse(raw).data;
  if (names === undefined) return [];
  const { config, secrets } = names;
  return secrets.flatMap((name, index): AppFileProblem[] => {
    if (typeof name !== "string" || !Object.hasOwn(config, name)) return [];
    return [
      {
        path: ["secrets", index],
        message: `secrets[${index}] is ${JSON.stringify(name)}, which is also in config`,
        next: "keep it in one of the two",
        at: "value",
      },
    ];
  });
}

const portSchema = z.object({ port: appFileSchema.shape.port });
const probeNames = ["startup", "liveness", "readiness"] as const;
const probePortPaths = [["port"], ["httpGet", "port"], ["tcpSocket", "port"]] as const;

/** At the app's own port the proxy would answer, for whatever revision serves. */
function probePortProblems(raw: unknown): readonly AppFileProblem[] {
  const port = portSchema.safeParse(raw).data?.port;
  if (port === undefined) return [];
  return probeNames
    .flatMap((name) => probePortPaths.map((rest) => ["probes", name, ...rest]))
    .filter((path) => path.reduce(childOf, raw) === port)
    .map((path) => ({
      path,
      message: `${showPath(path)} is ${port}, the port where clients reach the app, not the one of a replica`,
      next: "leave it out: each replica is asked at its own PORT",
      at: "value",
    }));
}

const strategyOnly = z.object({ strategy: appFileSchema.shape.strategy });

/** A measurement that nobody would ever take is a promise that nobody keeps. */
function analysisProblems(raw: unknown): readonly AppFileProblem[] {
  const metrics = childOf(raw, "analysis");
  const strategy = strategyOnly.safeParse(raw).data?.strategy;
  if (!Array.isArray(metrics) || metrics.length === 0 || strategy === undefined) return [];
  const plan = compile({ strategy }, { from: 1, warm: false });
  if (plan.some((waypoint) => waypoint.hold.length > 0)) return [];
  return [
    {
      path: ["analysis"],
      message: `analysis is declared, and strategy ${strategy.kind} never holds to measure anything`,
      next: "write strategy: { rolling: { bake: 1m } }, or choose blueGreen, canary or abTest",
      at: "key",
    },
  ];
}

const listened = [
  ["metrics", "port"],
  ["strategy", "blueGreen", "preview", "port"],
  ["strategy", "canary", "preview", "port"],
  ["strategy", "abTest", "preview", "port"],
] as const;

/** Two that listen on one port would take turns at it. */
function listenedPortProblems(raw: unknown): readonly AppFileProblem[] {
  const ports = new Map<unknown, string>();
  const port = portSchema.safeParse(raw).data?.port;
  if (port !== undefined) ports.set(port, "the port where clients reach the app");
  return listened.flatMap((path): AppFileProblem[] => {
    const own = path.reduce(childOf, raw);
    if (own === undefined) return [];
    const other = ports.get(own);
    ports.set(own, other ?? `which ${showPath(path)} has`);
    if (other === undefined) return [];
    return [
      {
        path,
        message: `${showPath(path)} is ${String(own)}, ${other}`,
        next: "choose another one, such as 9464",
        at: "value",
      },
    ];
  });
}

function childOf(place: unknown, key: string): unknown {
  return isMapping(place) && Object.hasOwn(place, key) ? place[key] : undefined;
}

function isDeclared(raw: unknown, key: string): boolean {
  return isMapping(raw) && Object.hasOwn(raw, key);
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
