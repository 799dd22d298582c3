import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import { freePort, until } from "./app-bed.ts";
import { isInPath } from "./in-path.ts";
import { OwnFolder } from "./own-folder.ts";

/** What is to be scraped, and judged by which rules. */
export interface PrometheusOptions {
  /** Ports on loopback by the name of their job. */
  readonly jobs: Readonly<Record<string, number>>;
  /** A file of alert rules, as text. */
  readonly rules?: string;
}

const alertsShape = z.object({
  data: z.object({
    alerts: z.array(z.object({ labels: z.record(z.string(), z.string()), state: z.string() })),
  }),
});
const resultShape = z.object({
  data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }),
});
const readyWithinMs = 30_000;

/** What to install when there is no Prometheus; null: there is one. */
export function missingPrometheus(): string | null {
  return isInPath("prometheus") ? null : "prometheus is not in PATH (apt-get install prometheus)";
}

/** A Prometheus that scrapes and judges every second, on a free port, in a folder of its own. */
export class OwnPrometheus implements AsyncDisposable {
  readonly url: string;
  readonly #folder: OwnFolder;
  #process: ChildProcess | null = null;

  private constructor(port: number, folder: OwnFolder) {
    this.url = `http://127.0.0.1:${port}`;
    this.#folder = folder;
  }

  /** Resolves when it is ready. Throws with what it said when it does not get there. */
  static async start({ jobs, rules }: PrometheusOptions): Promise<OwnPrometheus> {
    const folder = new OwnFolder("hitless-prometheus-");
    const made = new OwnPrometheus(await freePort(), folder);
    try {
      if (rules !== undefined) await writeFile(join(folder.path, "rules.yaml"), rules);
      const config = configOf(jobs, rules === undefined ? [] : ["rules.yaml"]);
      await writeFile(join(folder.path, "prometheus.yml"), config);
      await made.startAgain();
      return made;
    } catch (thrown) {
      await folder.remove();
      throw thrown;
    }
  }

  /** After `kill`: at the same address, over the same data. Resolves when it is ready. */
  async startAgain(): Promise<void> {
    const { path, env } = this.#folder;
    await using log = await open(join(path, "log"), "a");
    this.#process = spawn(
      "prometheus",
      [
        `--config.file=${join(path, "prometheus.yml")}`,
        `--storage.tsdb.path=${join(path, "data")}`,
        `--web.listen-address=${this.url.slice("http://".length)}`,
      ],
      { cwd: path, env: { ...process.env, ...env }, stdio: ["ignore", "ignore", log.fd] },
    );
    const isReady = async () => (await fetch(`${this.url}/-/ready`).catch(() => null))?.ok === true;
    await until(isReady, "prometheus is ready", readyWithinMs).catch(async (cause: unknown) => {
      const said = await readFile(join(path, "log"), "utf8");
      throw new Error(`prometheus did not start:\n${said.slice(-2000)}`, { cause });
    });
  }

  /** `kill -9`; resolves when nobody listens at its address. */
  async kill(): Promise<void> {
    const process = this.#process;
    if (process === null) return;
    this.#process = null;
    const ended = once(process, "exit");
    process.kill("SIGKILL");
    await ended;
  }

  /** It takes connections, and answers none. */
  hang(): void {
    this.#process?.kill("SIGSTOP");
  }

  goOn(): void {
    this.#process?.kill("SIGCONT");
  }

  /** The values of an instant query, as it writes them. */
  async values(query: string): Promise<readonly string[]> {
    const answer = await fetch(`${this.url}/api/v1/query?query=${encodeURIComponent(query)}`);
    const { result } = resultShape.parse(await answer.json()).data;
    return result.map(({ value }) => value[1]);
  }

  /** Names of the alerts that fire, each once, sorted. */
  async firing(): Promise<readonly string[]> {
    const answer = await fetch(`${this.url}/api/v1/alerts`);
    const { alerts } = alertsShape.parse(await answer.json()).data;
    const names = alerts
      .filter((a) => a.state === "firing")
      .map((a) => a.labels["alertname"] ?? "");
    return [...new Set(names)].sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder.remove();
  }
}

function configOf(jobs: PrometheusOptions["jobs"], ruleFiles: readonly string[]): string {
  return stringify({
    global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
    rule_files: ruleFiles,
    scrape_configs: Object.entries(jobs).map(([name, port]) => ({
      job_name: name,
      static_configs: [{ targets: [`127.0.0.1:${port}`] }],
    })),
  });
}
