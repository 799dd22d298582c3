import { readFileSync, readlinkSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { type Origin, originShape } from "@hitless/core";

/** How a controller in the background learns from where it was started. */
const variable = "HITLESS_ORIGIN";

/** The environment of a command in the background that speaks for this one. */
export function withOrigin(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, [variable]: JSON.stringify(ownOrigin(env)) };
}

/** What `withOrigin` put there, taken away so that no replica inherits it; else from where we are. */
export function givenOrigin(env: NodeJS.ProcessEnv): Origin {
  const given = env[variable];
  delete env[variable];
  if (given === undefined) return ownOrigin(env);
  try {
    return originShape.parse(JSON.parse(given));
  } catch {
    return ownOrigin(env);
  }
}

/** CI systems by the variable that each sets, with the one that names its run. */
const ciSystems = [
  ["GITHUB_ACTIONS", "GitHub Actions", "GITHUB_RUN_ID"],
  ["GITLAB_CI", "GitLab CI", "CI_JOB_ID"],
  ["BUILDKITE", "Buildkite", "BUILDKITE_BUILD_ID"],
  ["CIRCLECI", "CircleCI", "CIRCLE_BUILD_NUM"],
  ["JENKINS_URL", "Jenkins", "BUILD_TAG"],
  ["CI", "CI", "CI_JOB_ID"],
] as const;

/** From where the user of this process speaks: CI, a session from elsewhere, a terminal, or a program. */
export function ownOrigin(env: NodeJS.ProcessEnv = process.env): Origin {
  return {
    ...placeOf(env),
    uid: process.getuid?.() ?? null,
    sudo: env["SUDO_USER"]?.slice(0, 200) ?? null,
    host: hostname().slice(0, 300),
  };
}

function placeOf(env: NodeJS.ProcessEnv): Pick<Origin, "kind" | "detail"> {
  const ci = ciSystems.find(([variable]) => isSet(env[variable]));
  if (ci !== undefined) {
    const run = env[ci[2]];
    return { kind: "ci", detail: `${ci[1]}${isSet(run) ? ` ${run}` : ""}`.slice(0, 200) };
  }
  const [address] = (env["SSH_CONNECTION"] ?? "").split(" ");
  if (isSet(address)) return { kind: "ssh", detail: address.slice(0, 200) };
  const terminal = ownTerminal();
  if (terminal !== null) return { kind: "terminal", detail: terminal };
  return { kind: "process", detail: parentName() };
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== "" && value !== "false";
}

function ownTerminal(): string | null {
  const targets = [0, 1, 2].map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return "";
    }
  });
  return targets.find((target) => /^\/dev\/(pts\/|tty)/.test(target)) ?? null;
}

/** The name only: the arguments of a program may hold what is nobody's business. */
function parentName(): string {
  try {
    return `${readFileSync(`/proc/${process.ppid}/comm`, "utf8").trim()} (${process.ppid})`;
  } catch {
    return `process ${process.ppid}`;
  }
}

/** Who speaks, by their own word: the name of the user. */
export function whoAsks(): string {
  try {
    return userInfo().username;
  } catch {
    // No entry in the user database: containers with an arbitrary uid.
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}
