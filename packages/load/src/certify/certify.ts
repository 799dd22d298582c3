import { HitlessError } from "@hitless/core";
import { accepts } from "../accepts.ts";
import type { StartSeen } from "./app-under-test.ts";
import {
  type CertifyOptions,
  type CertifySettings,
  certifySettingsOf,
  endpointOf,
  type Front,
} from "./certify-options.ts";
import { rehearseDependency } from "./dependency-rehearsal.ts";
import type { Endpoints } from "./endpoints.ts";
import { lastWords, seconds } from "./evidence.ts";
import type { HeldKind } from "./held-client.ts";
import { type HeldOptions, type HeldSeen, rehearseEarly, rehearseHeld } from "./held-rehearsal.ts";
import { inTurns } from "./in-turns.ts";
import { failed, type Item, inOrder, misnamed, notTested, type Verdict } from "./item.ts";
import { judgeDependency, noDependency } from "./judge-dependency.ts";
import { judgeEarly, judgeEnd, signalNeverReached } from "./judge-end.ts";
import { heldNotTested, judgeHeld, judgeSecondSignal } from "./judge-held.ts";
import { judgeLoad, judgeReadyInTime } from "./judge-load.ts";
import { type LoadSeen, rehearseLoad } from "./load-rehearsal.ts";

/** What `certify` found. */
export interface Certificate {
  readonly command: string | readonly string[];
  readonly behind: Front;
  readonly drainDelaySeconds: number;
  readonly graceSeconds: number;
  /** Whether no item failed. */
  readonly ok: boolean;
  readonly counts: Readonly<Record<Verdict, number>>;
  readonly endpoints: Endpoints | null;
  readonly items: readonly Item[];
  /** The end of what the app wrote in the start that was loaded. */
  readonly said: string;
}

/** Copies of the app that only hold a client run beside each other, this many at most. */
const copiesAtOnce = 6;

/**
 * Starts an app again and again, as a platform does, and reports what it does under load and with
 * each kind of client when it gets SIGTERM. Throws `COMMAND_NOT_FOUND`, `PORT_TAKEN`, and
 * `BAD_INPUT` for a dependency that does not listen; what the app does wrong is an item that failed,
 * and so is a path that is not what its option says.
 * No process outlives the call.
 */
export async function certify(options: CertifyOptions): Promise<Certificate> {
  const settings = certifySettingsOf(options);
  await checkDependencies(settings);
  settings.tell("under load, SIGTERM in the middle");
  const loaded = await rehearseLoad(settings);
  if (!("endpoints" in loaded)) {
    const why = failed("starts", `${loaded.start.what}${lastWords(loaded.said)}`);
    return certificateOf(settings, { endpoints: null, items: [why], said: loaded.said });
  }
  const { endpoints, said } = loaded;
  const items = await new Rehearsals(settings, loaded).run();
  return certificateOf(settings, { endpoints, items, said });
}

async function checkDependencies({ dependencies }: CertifySettings): Promise<void> {
  for (const dependency of dependencies) {
    if (await accepts(endpointOf(dependency))) continue;
    const { variable, address } = dependency;
    throw new HitlessError("BAD_INPUT", `nothing listens at ${variable}=${address}`, {
      next: "Start the dependency first; its cut is made by a relay in front of it.",
    });
  }
}

function certificateOf(
  settings: CertifySettings,
  found: Pick<Certificate, "endpoints" | "items" | "said">,
): Certificate {
  const items = inOrder(found.items);
  const count = (verdict: Verdict) => items.filter((item) => item.verdict === verdict).length;
  return {
    command: settings.command,
    behind: settings.behind,
    drainDelaySeconds: settings.drainDelayMs / 1000,
    graceSeconds: settings.graceMs / 1000,
    ok: count("fail") === 0,
    counts: {
      pass: count("pass"),
      fail: count("fail"),
      "not-tested": count("not-tested"),
      "not-applicable": count("not-applicable"),
    },
    endpoints: found.endpoints,
    items,
    said: found.said,
  };
}

/** Everything after the load: an item for each start of the app, or why it was not worth one. */
class Rehearsals {
  readonly #settings: CertifySettings;
  readonly #loaded: LoadSeen;
  readonly #starts: StartSeen[] = [];

  constructor(settings: CertifySettings, loaded: LoadSeen) {
    this.#settings = settings;
    this.#loaded = loaded;
  }

  async run(): Promise<readonly Item[]> {
    const { end, said, endpoints } = this.#loaded;
    const width = this.#settings.port === null ? copiesAtOnce : 1;
    const found = await inTurns(this.#tasks(), width);
    const items = worstOfEach([
      ...judgeLoad(this.#loaded, this.#settings),
      ...judgeEnd(end, said, this.#settings),
      ...(endpoints.postRefused === null
        ? []
        : [misnamed("finishes-work", `--post-path ${endpoints.postRefused}`)]),
      ...found.flat(),
    ]);
    return [...items, judgeReadyInTime(this.#starts, this.#loaded)];
  }

  #tasks(): readonly (() => Promise<readonly Item[]>)[] {
    const { dependencies } = this.#settings;
    const asks =
      dependencies.length === 0
        ? [async () => noDependency()]
        : dependencies.map((_, index) => () => this.#dependency(index));
    return [...this.#heldTasks(), () => this.#early(), () => this.#work(), ...asks];
  }

  #heldTasks(): readonly (() => Promise<readonly Item[]>)[] {
    const { sse, webSocket } = this.#settings.paths;
    const streams = [
      sse === undefined ? notTested("held-sse", "--sse-path PATH") : ("sse" as const),
      webSocket === undefined
        ? notTested("held-web-socket", "--ws-path PATH")
        : ("web-socket" as const),
    ];
    const kinds = ["idle", "silent", "half-head", ...streams] as const;
    return kinds.map(
      (kind) => async () => (typeof kind === "string" ? [await this.#held(kind)] : [kind]),
    );
  }

  async #held(kind: HeldKind): Promise<Item> {
    const never = this.#neverEnds();
    if (never !== null) return heldNotTested(kind, never);
    return judgeHeld(await this.#rehearse(kind), this.#loaded.end);
  }

  async #early(): Promise<readonly Item[]> {
    const never = this.#neverEnds();
    if (never !== null) return [notTested("handler-first", never)];
    this.#settings.tell("SIGTERM as the port opens");
    return [judgeEarly(await rehearseEarly(this.#settings), this.#loaded.end)];
  }

  /** Work in flight under one signal, then under two: what one or the other sort of it shows. */
  async #work(): Promise<readonly Item[]> {
    const unreached = this.#unreached();
    const kinds = this.#workKinds();
    const why = unreached ?? "--slow-path PATH (longer than its drain), or --post-path PATH";
    if (unreached !== null || kinds.length === 0) {
      return [notTested("finishes-work", why), notTested("second-sigterm", why)];
    }
    const endless = this.#neverEnds() !== null;
    const found = await Promise.all(
      kinds.map(async (kind) => {
        const seen = await this.#rehearse(kind, { endless });
        return { seen, item: judgeHeld(seen, this.#loaded.end) };
      }),
    );
    const bad = found.find(({ item }) => item.verdict === "fail");
    const whole = found.find(({ item }) => item.verdict === "pass");
    // Of two that show nothing, the one that was asked for says more.
    const items = [bad ?? whole ?? found.at(-1)].flatMap((one) => (one ? [one.item] : []));
    const isCut = bad !== undefined && bad.seen.held.kind !== "never";
    if (isCut || whole === undefined) {
      const cut = "one SIGTERM cuts the work already: see C";
      return [...items, notTested("second-sigterm", isCut ? cut : why)];
    }
    const twice = await this.#rehearse(whole.seen.kind, { endless, twice: true });
    return [...items, judgeSecondSignal(twice)];
  }

  #workKinds(): readonly ("slow" | "upload")[] {
    const slow = this.#settings.paths.slow === undefined ? [] : (["slow"] as const);
    return this.#loaded.endpoints.post === null ? slow : ["upload", ...slow];
  }

  async #rehearse(kind: HeldKind, options: HeldOptions = {}): Promise<HeldSeen> {
    const twice = options.twice === true ? ", SIGTERM twice" : ", SIGTERM";
    this.#settings.tell(`a client holds: ${kind}${twice}`);
    const scene = { settings: this.#settings, endpoints: this.#loaded.endpoints };
    const seen = await rehearseHeld(kind, scene, options);
    this.#starts.push(seen.start);
    return seen;
  }

  async #dependency(index: number): Promise<readonly Item[]> {
    this.#settings.tell(`without ${this.#settings.dependencies[index]?.variable}`);
    const { endpoints } = this.#loaded;
    const seen = await rehearseDependency(index, { settings: this.#settings, endpoints });
    return judgeDependency(seen, endpoints);
  }

  /** Why no further start would show how it ends; null: it ends. */
  #neverEnds(): string | null {
    const { end } = this.#loaded;
    if (end.kind === "killed") return `it does not end in ${seconds(this.#settings.graceMs)} alone`;
    return this.#unreached();
  }

  #unreached(): string | null {
    const { end } = this.#loaded;
    return end.kind === "exited" && end.stillServes ? signalNeverReached : null;
  }
}

/** What counts when two rehearsals speak of the same item, the gravest first. */
const gravity: readonly Verdict[] = ["fail", "not-tested", "not-applicable", "pass"];

function worstOfEach(items: readonly Item[]): readonly Item[] {
  const worst = new Map<string, Item>();
  for (const item of items.toSorted((a, b) => rank(a) - rank(b))) {
    if (!worst.has(item.id)) worst.set(item.id, item);
  }
  return [...worst.values()];
}

function rank({ verdict }: Item): number {
  return gravity.indexOf(verdict);
}
