/** Something wrong that a person may hand to Hitless, and what the refusal must then say. */
export interface BadInput {
  readonly what: string;
  /** The app file made wrong; null: it is missing. Left out: the good one. */
  readonly file?: (good: string) => string | null;
  /** Commands in a folder where nothing was started yet. */
  readonly fresh?: readonly string[];
  /** Commands on an app that runs. */
  readonly running?: readonly string[];
  readonly code: string;
  /** What stands in the file at the line and column that the message gives. */
  readonly at?: string;
  /** What else the message must hold: the value, and what to do next. */
  readonly says: readonly string[];
}

/** An app file without a fault; every bad one is this one with one change. */
export function goodAppFile(port: number): string {
  return `schema: 1
name: shop
version: "1.0"
run: [node, server.mjs]
port: ${port}
replicas: 2
config: { GREETING: hello }
probes:
  readiness: { path: /ready, periodSeconds: 1 }
drain: { timeoutSeconds: 30 }
`;
}

const everywhere = { fresh: ["validate", "plan", "up --detach"], running: ["release"] };
const change = (from: string, to: string) => (good: string) => good.replace(from, to);
const append = (line: string) => (good: string) => `${good}${line}\n`;

/** Faults in the text of the app file: every command that reads it refuses them alike. */
export const badFiles: readonly BadInput[] = [
  {
    what: "an unknown key",
    file: change("drain:", "drian:"),
    code: "BAD_INPUT",
    at: "drian",
    says: ["drian is not a known key", 'did you mean "drain"?'],
  },
  {
    what: "a value of the wrong type",
    file: change("replicas: 2", "replicas: four"),
    code: "BAD_INPUT",
    at: "four",
    says: ['replicas is "four"', "a whole number from 1 to 1000"],
  },
  {
    what: "a metric from a source that nobody knows",
    file: append('analysis: [{ datadog: "avg:errors", below: 1 }]'),
    code: "BAD_INPUT",
    at: "datadog",
    says: ["analysis[0].datadog is not a known key", "metric, prometheus, http or command"],
  },
  {
    what: "a weight that does not fit",
    file: append("strategy: { canary: { steps: [{ weight: 120 }] } }"),
    code: "BAD_INPUT",
    at: "120",
    says: ["strategy.canary.steps[0].weight is 120", "from 0 to 100 in steps of 0.1"],
  },
  {
    what: "a step after all requests were given",
    file: append("strategy: { canary: { steps: [{ weight: 100 }, { weight: 99.9 }] } }"),
    code: "BAD_INPUT",
    at: "99.9",
    says: ["strategy.canary.steps[1].weight is 99.9", "has all requests already"],
  },
  {
    what: "a time zone that nobody knows",
    file: append("windows: [{ from: 02:00, to: 05:00, zone: Europe/Berln }]"),
    code: "BAD_INPUT",
    at: "Europe/Berln",
    says: ['windows[0].zone is "Europe/Berln"', "did you mean Europe/Berlin?"],
  },
  {
    what: "a probe path without a slash",
    file: change("/ready", "ready"),
    code: "BAD_INPUT",
    at: "ready",
    says: ['probes.readiness.path is "ready"', "starts with /"],
  },
  {
    what: "no readiness probe",
    file: change("readiness: { path: /ready", "liveness: { path: /health"),
    code: "BAD_INPUT",
    at: "probes",
    says: ["probes.readiness is missing"],
  },
  {
    what: "a grace of 30 s with preStop 15 s and drain 30 s",
    file: change(
      "{ timeoutSeconds: 30 }",
      "{ timeoutSeconds: 30, preStop: { sleepSeconds: 15 }, terminationGracePeriodSeconds: 30 }",
    ),
    code: "BAD_INPUT",
    at: "30 }",
    says: ["terminationGracePeriodSeconds is 30", "at least 45, which is 15 (preStop) + 30"],
  },
  {
    what: "a grace of 30 s with preStop 10 s and drain 30 s",
    file: change(
      "{ timeoutSeconds: 30 }",
      '{ timeoutSeconds: 30, preStop: { exec: [sleep, "10"] }, terminationGracePeriodSeconds: 30 }',
    ),
    code: "BAD_INPUT",
    at: "30 }",
    says: ["terminationGracePeriodSeconds is 30", "at least 40, which is 10 (preStop) + 30"],
  },
  {
    what: "a name with ..",
    file: change("name: shop", "name: ../shop"),
    code: "BAD_INPUT",
    at: "../shop",
    says: ['name is "../shop"', "a DNS label"],
  },
  {
    what: "a persisted folder with ..",
    file: append("persist: [../uploads]"),
    code: "BAD_INPUT",
    at: "../uploads",
    says: ['persist[0] is "../uploads"', "such as uploads"],
  },
  {
    what: "a key twice",
    file: append("name: other"),
    code: "BAD_INPUT",
    at: "name: other",
    says: ["name is already there above", "keep one of the two"],
  },
  {
    what: "broken YAML",
    file: append("secrets: [A, B"),
    code: "BAD_INPUT",
    at: "",
    says: ["flow sequence", "correct the YAML"],
  },
  {
    what: "an empty file",
    file: () => "",
    code: "BAD_INPUT",
    at: "",
    says: ["the app file is empty", "it needs name, run and probes.readiness"],
  },
  {
    what: "a command that is not there",
    file: change("[node,", "[nodee,"),
    code: "COMMAND_NOT_FOUND",
    at: "[nodee,",
    says: ["nodee is not a command in PATH", "Install it"],
  },
  {
    what: "an artifact folder that is not there",
    file: append("artifact: { dir: dist }"),
    code: "FILE_NOT_FOUND",
    at: "dist",
    says: ['artifact.dir is "dist"', "is not a folder", "Make it first"],
  },
  {
    what: "a working folder that is not there",
    file: append("cwd: server"),
    code: "FILE_NOT_FOUND",
    at: "server",
    says: ['cwd is "server"', "is not a folder", "correct the path"],
  },
  {
    what: "an env file that is not there",
    file: append("envFile: production.env"),
    code: "FILE_NOT_FOUND",
    at: "production.env",
    says: ['envFile is "production.env"', "cannot be read", "correct the path"],
  },
  {
    what: "a user that is not there",
    file: append("user: no-such-user"),
    code: "BAD_INPUT",
    at: "no-such-user",
    says: ["user no-such-user is not in /etc/passwd", "leave user out"],
  },
].map((each) => ({ ...everywhere, ...each }));

/** Faults of the surroundings and of the command line. */
export const badCommands: readonly BadInput[] = [
  {
    what: "a missing app file",
    file: () => null,
    fresh: ["validate", "plan", "up --detach"],
    running: ["plan", "release"],
    code: "FILE_NOT_FOUND",
    says: ["hitless.yaml does not exist", "name it with -f"],
  },
  {
    what: "a folder that is not there",
    fresh: ["validate -f nowhere/hitless.yaml", "up --detach -f nowhere/hitless.yaml"],
    running: ["plan -f nowhere/hitless.yaml", "release -f nowhere/hitless.yaml"],
    code: "FILE_NOT_FOUND",
    says: ["nowhere", "-f"],
  },
  {
    what: "a secret without a value",
    file: append("secrets: [NO_SUCH_SECRET]"),
    fresh: ["validate", "plan", "up --detach"],
    running: ["release"],
    code: "SECRET_MISSING",
    at: "NO_SUCH_SECRET",
    says: ["secret NO_SUCH_SECRET has no value", "environment"],
  },
  {
    what: "--set of an unknown path",
    fresh: ["plan --set drian.timeoutSeconds=5"],
    running: ["plan --set drian.timeoutSeconds=5", "release --set drian.timeoutSeconds=5"],
    code: "BAD_INPUT",
    says: ["--set drian.timeoutSeconds", 'did you mean "drain"?'],
  },
  {
    what: "--set of a wrong value",
    fresh: ["plan --set replicas=many"],
    running: ["plan --set replicas=many", "release --set replicas=many"],
    code: "BAD_INPUT",
    says: ['--set replicas: replicas is "many"', "a whole number from 1 to 1000"],
  },
  {
    what: "--set without a value",
    fresh: ["plan --set replicas"],
    running: ["release --set replicas"],
    code: "BAD_USAGE",
    says: ["'replicas' is invalid", "write KEY=VALUE"],
  },
  {
    what: "--timeout without --wait",
    running: ["release --timeout 5m", "rollback --timeout 5m", "restart --timeout 5m"],
    code: "BAD_USAGE",
    says: ["--timeout", "Add --wait."],
  },
  {
    what: "a time without a unit",
    running: ["release --wait --timeout 5"],
    code: "BAD_USAGE",
    says: ["'5' is invalid", "write it as 250ms, 90s, 5m or 1h"],
  },
  {
    what: "an unknown command",
    fresh: ["relase"],
    running: ["relase"],
    code: "BAD_USAGE",
    says: ["unknown command 'relase'", "Did you mean release?"],
  },
  {
    what: "an unknown flag",
    fresh: ["up --detatch"],
    running: ["release --wiat"],
    code: "BAD_USAGE",
    says: ["unknown option", "Did you mean --"],
  },
  {
    what: "an argument too many",
    fresh: ["validate now"],
    running: ["restart 1-1"],
    code: "BAD_USAGE",
    says: ["too many arguments", "--help"],
  },
  {
    what: "an unknown revision",
    running: ["rollback --to 99"],
    code: "UNKNOWN_REVISION",
    says: ["revision 99 is not kept", "Kept are: 1."],
  },
  {
    what: "a revision without a log",
    running: ["logs --revision 99"],
    code: "BAD_INPUT",
    says: ["there is no log of revision 99", "See `hitless status`."],
  },
  {
    what: "an --unset of what is not set",
    fresh: ["plan --unset config.NOPE"],
    running: ["plan --unset config.NOPE", "release --unset config.NOPE"],
    code: "BAD_INPUT",
    says: ["--unset config.NOPE: nothing is set there", "Nothing is set over the file."],
  },
  {
    what: "an app to certify that is not there",
    fresh: ["certify --command no-such-app"],
    code: "COMMAND_NOT_FOUND",
    says: ["no-such-app", "which is not in PATH", "write its path"],
  },
  {
    what: "an unknown flag of certify without --command",
    fresh: ["certify --comand node"],
    code: "BAD_USAGE",
    says: ["unknown option '--comand'", "Did you mean --command?"],
  },
  {
    what: "an app to certify outside --command",
    fresh: ["certify node server.js", "certify --command node server.js"],
    code: "BAD_USAGE",
    says: ["unexpected argument", "--command 'node server.js'"],
  },
  {
    what: "nothing to certify",
    fresh: ["certify"],
    code: "BAD_USAGE",
    says: ["required option '--command <cmd>' not specified", "--help"],
  },
  {
    what: "a dependency to cut that nobody is",
    fresh: ["certify --command node --dependency DB=localhost"],
    code: "BAD_INPUT",
    says: ["DB=localhost names no port", "NAME=host:port"],
  },
  {
    what: "a probe path to certify that is none",
    fresh: ["certify --command node --ready-path ready"],
    code: "BAD_INPUT",
    says: ['"ready" does not begin with /', "/ready"],
  },
  {
    what: "a number of replicas that cannot be",
    running: ["scale 0", "scale 1001"],
    code: "BAD_INPUT",
    says: ["replicas is", "a whole number from 1 to 1000"],
  },
];
