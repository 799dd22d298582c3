import { z } from "zod";
import { analysisSchema } from "./analysis-schema.ts";
import { artifactSchema, persistSchema } from "./artifact-schema.ts";
import { runSchema } from "./command-schema.ts";
import { drainSchema } from "./drain-schema.ts";
import { configSchema, secretsSchema } from "./environment-schema.ts";
import { must } from "./expectation.ts";
import { hooksSchema } from "./hooks-schema.ts";
import { metricsSchema } from "./metrics-schema.ts";
import { notificationsSchema } from "./notifications-schema.ts";
import { probesSchema } from "./probe-schema.ts";
import { proxySchema } from "./proxy-schema.ts";
import { pathBelow, pathInside } from "./relative-path.ts";
import { resourcesSchema } from "./resources-schema.ts";
import { section } from "./section.ts";
import { strategySchema } from "./strategy-schema.ts";
import { text } from "./text.ts";
import { portNumber, wholeNumber, wholeSeconds } from "./whole-number.ts";
import { windowsSchema } from "./windows-schema.ts";

const stopSignals = [
  "SIGTERM",
  "SIGINT",
  "SIGQUIT",
  "SIGHUP",
  "SIGUSR1",
  "SIGUSR2",
  "SIGWINCH",
] as const;

const nameRule = must(
  "a DNS label: at most 63 of a-z, 0-9 and -, with a letter or digit first and last",
);
const hostRule = must("an address or host name to listen on, such as 127.0.0.1, 0.0.0.0 or ::");
const userRule = must("the name or number of a user");

/** The app file, key by key (DESIGN §10). Rules between keys of different sections are in `cross-rules.ts`. */
export const appFileSchema = section(
  {
    schema: z.literal(1, { error: must("1", "a newer app file needs a newer Hitless") }).default(1),
    name: z
      .string({ error: nameRule })
      .regex(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/u, { error: nameRule }),
    version: text("text", 'put it in quotes, such as version: "1.10"').nullish(),
    run: runSchema,
    artifact: artifactSchema,
    persist: persistSchema.nullish(),
    cwd: pathInside("the artifact", "server").default("."),
    user: z
      .union(
        [
          z.string(),
          z.number().refine((id) => Number.isSafeInteger(id) && id >= 0, { error: userRule }),
        ],
        { error: userRule },
      )
      .transform(String)
      .refine((user) => /^[A-Za-z0-9_][-.A-Za-z0-9_]{0,63}$/u.test(user), { error: userRule })
      .nullish(),
    envFile: pathBelow("the folder of the app file", "production.env").nullish(),
    stopSignal: z
      .literal(stopSignals, { error: must(`one of ${stopSignals.join(", ")}`) })
      .default("SIGTERM"),
    port: portNumber().default(8080),
    host: z
      .string({ error: hostRule })
      .regex(/^[A-Za-z0-9:][-.:A-Za-z0-9]{0,252}$/u, { error: hostRule })
      .default("127.0.0.1"),
    replicas: wholeNumber(1, 1000).default(1),
    config: configSchema.nullish(),
    secrets: secretsSchema.nullish(),
    resources: resourcesSchema,
    probes: probesSchema,
    drain: drainSchema,
    minReadySeconds: wholeSeconds(0).default(0),
    progressDeadlineSeconds: wholeSeconds(1).default(120),
    keepRevisions: wholeNumber(1, 1000).default(10),
    strategy: strategySchema,
    proxy: proxySchema,
    analysis: analysisSchema.nullish(),
    metrics: metricsSchema,
    windows: windowsSchema.nullish(),
    hooks: hooksSchema.nullish(),
    notifications: notificationsSchema.nullish(),
  },
  must("a mapping that begins with name, run and probes"),
);

export type AppFile = z.output<typeof appFileSchema>;
