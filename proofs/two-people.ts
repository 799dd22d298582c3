import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import type { ControllerClient } from "@hitless/controller";
import { busyPolicies } from "@hitless/core";
import { seededRandom } from "@hitless/load";
import { parse, stringify } from "yaml";
import { AppBed } from "../test/bed/app-bed.ts";
import { connectTo } from "../test/bed/connect-to.ts";
import {
  atRest,
  type Heard,
  type Rest,
  type Speaker,
  speak,
  untruths,
} from "../test/bed/two-people.ts";
import { seedArgument } from "./arguments.ts";
import type { Finding, Proof } from "./proof.ts";

const pairs = [
  "release ∥ release",
  "release ∥ rollback",
  "abort ∥ resume",
  "down ∥ release",
] as const;
type Pair = (typeof pairs)[number];
/** The second speaks up to so long after the first, ms: about as long as a command takes. */
const latestMs = 500;

/** Two people at once, in random order: each is told the truth, and the audit log has both. */
export const proof: Proof = {
  title: `${pairs.join(", ")}: 50 times each, every answer is definite and true`,
  seconds: 600,
  takes: [{ kind: "number", name: "TIMES", what: "how often each pair speaks; 50" }, seedArgument],
  async run(args): Promise<Finding> {
    const each = Number(args[0] ?? 50);
    const seed = Number(args[1] ?? Date.now() % 100_000);
    console.log(`seed ${seed} (repeat with: npm run prove -- two-people ${each} ${seed})`);
    const random = seededRandom(seed);
    await using bed = await AppBed.make({
      app: "../test/bed/apps/quick",
      settings: { replicas: 1 },
    });
    await bed.must(0, "up", "--detach");
    const client = await connectTo(bed);
    try {
      return await new TwoPeople(bed, client, random).run(shuffled(each, random));
    } finally {
      await client.close();
    }
  },
};

class TwoPeople {
  private readonly bed: AppBed;
  private readonly client: ControllerClient;
  private readonly random: () => number;
  private readonly faults: string[] = [];
  /** How often each pair of answers was heard. */
  private readonly heard = new Map<string, number>();
  private count = 0;

  constructor(bed: AppBed, client: ControllerClient, random: () => number) {
    this.bed = bed;
    this.client = client;
    this.random = random;
  }

  async run(todo: readonly Pair[]): Promise<Finding> {
    await this.bed.must(0, "release", "-f", await this.file("first"), "--wait");
    for (const pair of todo) await this.one(pair);
    for (const [what, times] of [...this.heard].sort()) console.log(`${times} × ${what}`);
    for (const fault of this.faults) console.log(`FAULT ${fault}`);
    return {
      figure: `${this.count} pairs, ${2 * this.count} answers in ${this.heard.size} combinations, ${this.faults.length} untrue or missing`,
      ok: this.count === todo.length && this.faults.length === 0,
    };
  }

  private async one(pair: Pair): Promise<void> {
    this.count += 1;
    const speakers = await this.speakersOf(pair);
    const before = await atRestOrPaused(this.bed, this.client, pair);
    const order = this.random() < 0.5 ? speakers : swapped(speakers);
    const offsetMs = Math.round(this.random() * latestMs);
    const first = speak(this.bed, order[0]);
    await after(offsetMs);
    const second = speak(this.bed, order[1]);
    if (pair === "down ∥ release") {
      // What was accepted goes on with the next controller, and who waits for it waits on.
      await (order[0].command === "down" ? first : second);
      await this.bed.must(0, "up", "--detach");
    }
    const heard = await Promise.all([first, second]);
    const rest = await atRest(this.bed, this.client);
    const what = heard.map(said).join(", ");
    this.heard.set(what, (this.heard.get(what) ?? 0) + 1);
    const found = untruths(heard, before, rest);
    const where = `pair ${this.count} (${pair}, ${offsetMs} ms apart)`;
    this.faults.push(...found.map((fault) => `${where}: ${fault}`));
    console.log(`${where}: ${what}${found.length === 0 ? "" : ` FAULT ${found.join("; ")}`}`);
  }

  private async speakersOf(pair: Pair): Promise<readonly [Speaker, Speaker]> {
    switch (pair) {
      case "release ∥ release":
        return [await this.release("a"), await this.release("b")];
      case "release ∥ rollback":
        return [await this.release("a"), this.plain("rollback")];
      case "abort ∥ resume":
        await this.pausedRelease();
        return [this.plain("abort"), this.plain("resume")];
      case "down ∥ release":
        return [
          { command: "down", args: ["down"], cause: null, content: null },
          await this.release("a"),
        ];
    }
  }

  private plain(command: "rollback" | "abort" | "resume"): Speaker {
    const args = [command, "--json", ...this.perhapsWait()];
    return { command, args, cause: null, content: null };
  }

  private async release(name: "a" | "b"): Promise<Speaker> {
    const content = `${name}-${this.count}`;
    const cause = `pair ${this.count} ${name}`;
    const policy = busyPolicies[Math.floor(this.random() * busyPolicies.length)] ?? "queue";
    const said = [
      "release",
      "-f",
      await this.file(content, name),
      "-m",
      cause,
      "--if-busy",
      policy,
    ];
    return { command: "release", args: [...said, "--json", ...this.perhapsWait()], cause, content };
  }

  private perhapsWait(): readonly string[] {
    return this.random() < 0.5 ? [] : ["--wait", "--timeout", "60s"];
  }

  /** A release that stands in the middle, and that somebody has paused. */
  private async pausedRelease(): Promise<void> {
    const name = await this.file(`paused-${this.count}`, "paused", { minReadySeconds: 2 });
    const appFile = join(this.bed.dir, name);
    await this.client.release({
      raw: parse(await readFile(appFile, "utf8")),
      appDir: this.bed.dir,
      appFile,
      overrides: {},
      overridesBefore: {},
      cause: `pair ${this.count}`,
      by: "proof",
      busy: "reject",
    });
    const { newest } = await this.client.status();
    await this.client.intent({ kind: "pause", by: "proof", meantFor: newest });
  }

  /** An app file of its own beside the first one, so that two releases bring two contents. */
  private async file(content: string, name = "first", settings: object = {}): Promise<string> {
    const known: unknown = parse(await readFile(join(this.bed.dir, "hitless.yaml"), "utf8"));
    const file = { ...(known ?? {}), ...settings, config: { SOAK: content } };
    await writeFile(join(this.bed.dir, `${name}.yaml`), stringify(file));
    return `${name}.yaml`;
  }
}

/** What was so before the two spoke: a paused release has no row yet. */
async function atRestOrPaused(bed: AppBed, client: ControllerClient, pair: Pair): Promise<Rest> {
  if (pair !== "abort ∥ resume") return atRest(bed, client);
  const [status, history, { entries, damage }] = await Promise.all([
    client.status(),
    client.history(),
    client.audit(),
  ]);
  return { history, audit: entries, damage, stable: status.stable, served: await bed.ask() };
}

function said({ command, args, answer, result }: Heard): string {
  const waits = args.includes("--wait") ? " --wait" : "";
  const policy = args[args.indexOf("--if-busy") + 1] ?? "";
  const busy = args.includes("--if-busy") ? ` (${policy})` : "";
  const kind = answer?.accepted?.kind ?? answer?.error?.code ?? "";
  const end = answer?.ended?.outcome ?? (answer?.accepted ? (answer.error?.code ?? "") : "");
  return [`${command}${busy}${waits} → ${result.code}`, kind, end]
    .filter((t) => t !== "")
    .join(" ");
}

function swapped<T>([a, b]: readonly [T, T]): readonly [T, T] {
  return [b, a];
}

/** So many of each, in random order. */
function shuffled(each: number, random: () => number): readonly Pair[] {
  return pairs
    .flatMap((pair) => Array.from({ length: each }, () => ({ pair, at: random() })))
    .sort((a, b) => a.at - b.at)
    .map(({ pair }) => pair);
}
