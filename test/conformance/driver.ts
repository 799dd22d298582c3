import {
  type EngineMutation,
  type EngineView,
  type Known,
  type LogQuery,
  newApp,
  type Preview,
  type ReplicaState,
  type ReplicaView,
  type RevisionView,
  type RouteRule,
  type RouteView,
} from "@hitless/core";
import { exampleSettings } from "@hitless/core/testing";
import type { RevisionBehaviour, Subject } from "./subject.ts";

const never = new AbortController().signal;
const app = newApp("shop", exampleSettings);

/** What the tests of every clause say over and over, on one subject. */
export class Driver {
  readonly subject: Subject;
  private generation = 0;

  private constructor(subject: Subject) {
    this.subject = subject;
  }

  static async open(subject: Subject): Promise<Driver> {
    const driver = new Driver(subject);
    driver.generation = (await driver.routeView()).accepted;
    return driver;
  }

  apply(mutation: EngineMutation): Promise<number> {
    return this.subject.engine.apply(mutation, never);
  }

  scale(revision: number, replicas: number): Promise<number> {
    return this.apply({ kind: "scale", revision, replicas });
  }

  collect(revision: number): Promise<number> {
    return this.apply({ kind: "collect", revision });
  }

  /** Hands over a table with the next generation and returns its generation. */
  async handOver(rule: RouteRule, preview?: Preview): Promise<number> {
    this.generation += 1;
    const { generation } = this;
    const table = { generation, rule, ...(preview === undefined ? {} : { preview }) };
    await this.apply({ kind: "route", table });
    return generation;
  }

  /** Routes by replica to these revisions; resolves when that is in force. */
  async route(...revisions: number[]): Promise<number> {
    const generation = await this.handOver({ kind: "byReplica", revisions });
    await this.inForce(generation);
    return generation;
  }

  inForce(generation: number): Promise<void> {
    return this.subject.until(`generation ${generation} is in force`, async () => {
      return (await this.routeView()).inForce >= generation;
    });
  }

  /** Resolves when no part lags behind. */
  allThere(): Promise<void> {
    return this.subject.until("nothing lags behind", async () => {
      return (await this.routeView()).lagging.length === 0;
    });
  }

  look(): Promise<EngineView> {
    return this.subject.engine.observe(app, [{ kind: "engine" }], never);
  }

  async routeView(): Promise<RouteView> {
    return readOf((await this.look()).route);
  }

  async replicas(revision?: number): Promise<readonly ReplicaView[]> {
    const all = readOf((await this.look()).replicas);
    return all.filter((r) => revision === undefined || r.revision === revision);
  }

  async replica(id: string): Promise<ReplicaView | undefined> {
    return (await this.replicas()).find((r) => r.id === id);
  }

  /** What the engine keeps of the revision; undefined when it knows nothing of it. */
  async kept(revision: number): Promise<RevisionView | undefined> {
    return readOf((await this.look()).revisions).find((r) => r.revision === revision);
  }

  /** Ids of the replicas of a revision in that state, in no order that means anything. */
  async idsOf(revision: number, state: ReplicaState = "ready"): Promise<readonly string[]> {
    const own = await this.replicas(revision);
    return own.filter((r) => r.state === state).map((r) => r.id);
  }

  /** Resolves with their ids when exactly that many replicas are there and all are ready. */
  async ready(revision: number, count: number): Promise<readonly string[]> {
    await this.subject.until(`${count} replicas of revision ${revision} are ready`, async () => {
      const own = await this.replicas(revision);
      return own.length === count && own.every((r) => r.state === "ready");
    });
    return this.idsOf(revision);
  }

  /** A new revision with that many replicas, all ready. */
  async running(
    revision: number,
    count: number,
    behaviour: RevisionBehaviour = {},
  ): Promise<readonly string[]> {
    await this.subject.revision(revision, behaviour);
    await this.scale(revision, count);
    return this.ready(revision, count);
  }

  /** The same, and clients reach it. */
  async serving(
    revision: number,
    count: number,
    behaviour: RevisionBehaviour = {},
  ): Promise<readonly string[]> {
    const ids = await this.running(revision, count, behaviour);
    await this.route(revision);
    await this.met(ids);
    return ids;
  }

  /** Resolves when each of these replicas has answered a request. */
  met(replicas: readonly string[]): Promise<void> {
    const met = new Set<string | null>();
    return this.subject.until(`${replicas.join(", ")} answered`, async () => {
      met.add(await this.subject.ask());
      return replicas.every((id) => met.has(id));
    });
  }

  gone(revision: number): Promise<void> {
    return this.subject.until(`no replica of revision ${revision} is left`, async () => {
      return (await this.replicas(revision)).length === 0;
    });
  }

  exits(revision: number, atLeast: number): Promise<void> {
    return this.subject.until(`revision ${revision} counts ${atLeast} exits`, async () => {
      return ((await this.kept(revision))?.exits ?? 0) >= atLeast;
    });
  }

  /** All lines that a query gives now. */
  async lines(query: Partial<LogQuery> = {}): Promise<readonly string[]> {
    const lines: string[] = [];
    const all = { revision: null, replica: null, since: null, tail: null, follow: false };
    for await (const { replica, text } of this.subject.engine.logs({ ...all, ...query }, never)) {
      lines.push(`${replica} ${text}`);
    }
    return lines;
  }
}

/** Fails when the part is unknown. */
export function readOf<T>(part: Known<T>): T {
  if (part.kind === "unknown") throw new Error(`unknown: ${part.reason}`);
  return part.value;
}
