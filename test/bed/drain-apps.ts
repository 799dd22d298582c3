import { execFile, spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import type { CertifyOptions } from "@hitless/load";
import { repository } from "./app-bed.ts";
import type { OwnFolder } from "./own-folder.ts";

/** An app that is to be certified, or not. */
export interface DrainApp {
  readonly name: string;
  /** What it needs on this machine. */
  readonly needs: "node" | "python" | "go";
  /** The one item that has to fail; null: none. */
  readonly fault: string | null;
  readonly paths: NonNullable<CertifyOptions["paths"]>;
  /** Whether it follows a database at `DATABASE`. */
  readonly database: boolean;
  readonly behind?: CertifyOptions["behind"];
}

const paths = { slow: "/slow", sse: "/events", webSocket: "/socket" };
const bad = { needs: "node", paths, database: false } as const;

/** Each stops badly in one way. */
export const badApps: readonly DrainApp[] = [
  { ...bad, name: "refuses-while-routed", fault: "keeps-accepting" },
  { ...bad, name: "closes-unannounced", fault: "announces-close" },
  { ...bad, name: "cuts-work", fault: "finishes-work" },
  { ...bad, name: "answers-503", fault: "keeps-answering" },
  { ...bad, name: "liveness-asks-database", fault: "liveness-alone", database: true },
  { ...bad, name: "swallows-sigterm", fault: "exits" },
];

/** `faulty` has one fault, which is that of an item by its name. */
const faulty = (fault: string, more: Partial<DrainApp> = {}): DrainApp => ({
  ...bad,
  name: "faulty",
  fault,
  paths: {},
  ...more,
});

/** One for each other item that can fail of an app that serves. */
export const otherBadApps: readonly DrainApp[] = [
  faulty("ready-in-time"),
  faulty("startup"),
  faulty("liveness"),
  faulty("readiness-tells", { database: true }),
  faulty("readiness-at-signal", { behind: "load-balancer" }),
  faulty("exit-code"),
  faulty("held-idle"),
  faulty("held-silent"),
  faulty("held-half-head"),
  faulty("held-sse", { paths: { sse: "/events" } }),
  faulty("held-web-socket", { paths: { webSocket: "/socket" } }),
  faulty("second-sigterm"),
  faulty("no-children"),
  { ...bad, name: "late-handler", fault: "handler-first", paths: {} },
];

/** Each stops well. */
export const goodApps: readonly DrainApp[] = [
  { name: "kit", needs: "node", fault: null, paths, database: true },
  { name: "good", needs: "node", fault: null, paths, database: true },
  { name: "python", needs: "python", fault: null, paths, database: false },
  {
    name: "go",
    needs: "go",
    fault: null,
    paths: { slow: "/slow", sse: "/events" },
    database: false,
  },
];

/** How long an app goes on serving after SIGTERM, and how long a slow request takes, in milliseconds. */
export interface DrainTimes {
  readonly delayMs: number;
  readonly slowMs: number;
}

const examples = join(repository, "examples/any-language");
const loader = join(repository, "node_modules/tsx/dist/loader.mjs");

/** Why the app cannot run on this machine; null: it can. */
export function missingFor({ needs }: Pick<DrainApp, "needs">): string | null {
  if (needs === "python" && pythonWithUvicorn() === null) {
    return "no python3 in PATH has uvicorn and websockets";
  }
  return needs === "go" && !works("go", "version") ? "go is not installed" : null;
}

/** The first of those in PATH: the system's own may lack what another one has. */
function pythonWithUvicorn(): string | null {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const pythons = folders.map((folder) => join(folder, "python3"));
  return pythons.find((python) => works(python, "-c", "import uvicorn, websockets")) ?? null;
}

function works(file: string, ...args: readonly string[]): boolean {
  return spawnSync(file, args).status === 0;
}

/** The command that runs it, built first where it has to be. */
export async function commandOf(
  app: Pick<DrainApp, "name" | "needs">,
  folder: OwnFolder,
): Promise<readonly string[]> {
  if (app.needs === "python") {
    return [pythonWithUvicorn() ?? "python3", join(examples, "python/server.py")];
  }
  if (app.needs === "go") {
    const built = join(folder.path, "server");
    await promisify(execFile)("go", ["build", "-o", built, join(examples, "go/main.go")]);
    return [built];
  }
  const file = join(repository, `test/bed/apps/drains/${app.name}.mjs`);
  const kit = ["--conditions=@hitless/source", "--import", loader];
  return [process.execPath, ...(app.name === "kit" ? kit : []), file];
}

/** The variables by which each of them is told its times. */
export function timesFor({ delayMs, slowMs }: DrainTimes): Readonly<Record<string, string>> {
  const [delay, slow] = [delayMs / 1000, slowMs / 1000];
  return {
    DRAIN_DELAY_MS: String(delayMs),
    SLOW_MS: String(slowMs),
    DRAIN_DELAY_SECONDS: String(delay),
    SLOW_SECONDS: String(slow),
    DRAIN_DELAY: `${delay}s`,
    SLOW: `${slow}s`,
  };
}

/** Accepts connections, and that is all. */
export interface FakeDatabase extends AsyncDisposable {
  readonly address: string;
}

export async function fakeDatabase(): Promise<FakeDatabase> {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("data", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("not a TCP server");
  return {
    address: `127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
