import {
  type HookAction,
  type HookNotes,
  type HookOrder,
  type HookResult,
  type HookRunner,
  messageOf,
  type Preview,
  type SecretSource,
  type StateFile,
} from "@hitless/core";
import { endGroup, runCommand } from "./command-hook.ts";
import type { HookMachine, Leader } from "./hook-machine.ts";
import { callHook, type HookAddress, type HookCall } from "./http-hook.ts";
import { pause, within } from "./within.ts";

const firstPauseMs = 1000;
const longestPauseMs = 30_000;

/** A hook that puts load on an address. */
export type LoadAction = Extract<HookAction, { kind: "load" }>;

export interface HookRunnerOptions {
  readonly app: string;
  /** The folder of the app file. */
  readonly appDir: string;
  readonly machine: HookMachine;
  /** Holds what addresses name as `$NAME`. */
  readonly secrets: SecretSource;
  /** The processes that may outlive this controller. */
  readonly notes: StateFile<HookNotes>;
  /** Puts load on 127.0.0.1:`port`, and says what came of it. */
  readonly runLoad: (load: LoadAction, port: number, signal: AbortSignal) => Promise<HookResult>;
  /** The canary's own address at present. */
  readonly preview: () => Preview | undefined;
  /** For the event log. */
  readonly event: (text: string) => void;
  /** After the first failed attempt, ms; it doubles up to 30 s. Default 1000. */
  readonly pauseMs?: number;
}

/**
 * Runs hooks in this process's name. A command of an earlier controller that was killed is ended
 * before anything else: the same hook never runs twice at once. Throws what reading the notes does.
 */
export async function openHookRunner(options: HookRunnerOptions): Promise<HookRunner> {
  const noted = (await options.notes.read()) ?? [];
  return new NotingHookRunner(options, noted);
}

class NotingHookRunner implements HookRunner {
  private readonly options: HookRunnerOptions;
  private readonly leaders = new Map<string, Leader>();
  /** Commands of an earlier controller, by key, until nothing of them is left. */
  private readonly orphans = new Map<string, Promise<void>>();

  constructor(options: HookRunnerOptions, noted: HookNotes) {
    this.options = options;
    for (const { key, leader } of noted) {
      this.leaders.set(key, leader);
      if (!options.machine.isGroupEmpty(leader)) {
        const text = `hook ${key} of a controller that was killed is ended: process group ${leader.pid}`;
        options.event(text);
      }
      this.endOrphan(key, leader);
    }
  }

  async run(order: HookOrder, signal: AbortSignal): Promise<HookResult> {
    const { attempts } = order.hook;
    for (let attempt = 1; ; attempt += 1) {
      const { outcome, detail } = await this.attempt(order, signal);
      if (outcome === "done" || signal.aborted) return { outcome, detail };
      if (attempt >= attempts) {
        const all = attempts === 1 ? "" : ` (the last of ${attempts} attempts)`;
        return { outcome, detail: `${detail}${all}` };
      }
      const { pauseMs = firstPauseMs } = this.options;
      await pause(Math.min(longestPauseMs, pauseMs * 2 ** (attempt - 1)), signal);
    }
  }

  private async attempt(order: HookOrder, signal: AbortSignal): Promise<HookResult> {
    const { timeoutMs } = order.hook;
    const { value, timedOut } = await within({ ms: timeoutMs, signal }, (bounded) =>
      this.act(order, bounded).catch(failedBy),
    );
    if (value.outcome === "done") return value;
    if (timedOut) return { outcome: "failed", detail: `not over within ${timeoutMs / 1000} s` };
    return signal.aborted ? { outcome: "failed", detail: "it was interrupted" } : value;
  }

  private act(order: HookOrder, signal: AbortSignal): Promise<HookResult> {
    const { action } = order.hook;
    switch (action.kind) {
      case "command":
        return this.command(action.command, order, signal);
      case "http":
        return callHook(this.addressOf(action.url, order), this.callOf(order), signal);
      case "load":
        return this.load(action, order, signal);
    }
  }

  private async command(
    command: string | readonly string[],
    order: HookOrder,
    signal: AbortSignal,
  ): Promise<HookResult> {
    const { machine, appDir: cwd } = this.options;
    const { key } = order;
    const orphan = this.orphans.get(key);
    if (orphan !== undefined) await untilAborted(orphan, signal);
    const note = (leader: Leader) => this.note(key, leader, signal);
    const env = this.environmentOf(order);
    const line =
      typeof command === "string"
        ? filled(command, order)
        : command.map((each) => filled(each, order));
    const result = await runCommand({ command: line, cwd, env, machine, note }, signal);
    const leader = this.leaders.get(key);
    if (leader === undefined || machine.isGroupEmpty(leader)) await this.forget(key);
    else this.endOrphan(key, leader);
    return result;
  }

  private async load(load: LoadAction, order: HookOrder, signal: AbortSignal): Promise<HookResult> {
    const port = this.previewPort(order);
    if (port !== null) return await this.options.runLoad(load, port, signal);
    const detail = `revision ${order.revision} has no preview address to put load on: declare \`preview\` in the strategy`;
    return { outcome: "failed", detail };
  }

  private previewPort({ revision }: HookOrder): number | null {
    const preview = this.options.preview();
    return preview?.revision === revision ? preview.port : null;
  }

  private addressOf(written: string, order: HookOrder): HookAddress {
    return { url: filled(written, order, encodeURIComponent), secrets: this.options.secrets };
  }

  private callOf({ release, revision, hook, key }: HookOrder): HookCall {
    return { app: this.options.app, release, revision, hook: hook.name, key };
  }

  private environmentOf(order: HookOrder): Readonly<Record<string, string>> {
    const { app, release, revision, hook, key } = this.callOf(order);
    const port = this.previewPort(order);
    return {
      HITLESS_APP: app,
      HITLESS_RELEASE: String(release),
      HITLESS_REVISION: String(revision),
      HITLESS_HOOK: hook,
      HITLESS_HOOK_KEY: key,
      ...(port === null ? {} : { HITLESS_PREVIEW_PORT: String(port) }),
    };
  }

  private endOrphan(key: string, leader: Leader): void {
    const forever = new AbortController().signal;
    const gone = endGroup(this.options.machine, leader, forever).then(async () => {
      this.orphans.delete(key);
      await this.forget(key);
    });
    this.orphans.set(key, gone);
    // Who runs it again hears of it.
    gone.catch(() => undefined);
  }

  /** On a full disk it is tried until there is space: a command that has not run has not failed. */
  private async note(key: string, leader: Leader, signal: AbortSignal): Promise<void> {
    const { event, pauseMs = firstPauseMs } = this.options;
    this.leaders.set(key, leader);
    for (let isTold = false; !signal.aborted; isTold = true) {
      try {
        return await this.save();
      } catch (thrown) {
        if (!isTold) event(`hook ${key} waits, it cannot be noted: ${messageOf(thrown)}`);
        await pause(pauseMs, signal);
      }
    }
  }

  /** A note too many is harmless: its process is gone, and its name is given to no other. */
  private async forget(key: string): Promise<void> {
    if (this.leaders.delete(key)) await this.save().catch(() => undefined);
  }

  private save(): Promise<void> {
    return this.options.notes.write([...this.leaders].map(([key, leader]) => ({ key, leader })));
  }
}

/** What is meant to be the same for every hook of a release is filled into its text. */
function filled(
  text: string,
  { revision, release, key }: { revision: number; release: number; key: string },
  encoded: (value: string) => string = (value) => value,
): string {
  const values = new Map([
    ["revision", String(revision)],
    ["release", String(release)],
    ["key", key],
  ]);
  return text.replace(/\{\{(\w+)\}\}/gu, (written, name: string) => {
    const value = values.get(name);
    return value === undefined ? written : encoded(value);
  });
}

function failedBy(thrown: unknown): HookResult {
  return { outcome: "failed", detail: messageOf(thrown) };
}

function untilAborted(over: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const give = () => reject(new Error("it was interrupted"));
    signal.addEventListener("abort", give, { once: true });
    if (signal.aborted) give();
    void over.then(resolve, reject).finally(() => signal.removeEventListener("abort", give));
  });
}
