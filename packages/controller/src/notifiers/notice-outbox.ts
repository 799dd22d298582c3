import { randomUUID } from "node:crypto";
import {
  HitlessError,
  type Notice,
  type Notification,
  type Notifier,
  type Outbox,
  type StateFile,
} from "@hitless/core";
import { pause } from "../hooks/within.ts";
import { dueNotices, nothingTold, type Situation, toldWith } from "./due-notices.ts";

const hourMs = 3_600_000;
/** Notices that one receiver may be behind. */
const mostWaiting = 100;

export interface OutboxOptions {
  readonly file: StateFile<Outbox>;
  readonly notifier: Notifier;
  /** For the event log. */
  readonly event: (text: string) => void;
  /** After the first failed delivery, ms; it doubles up to 5 min, each time by chance up to a half less. Default 1000. */
  readonly firstPauseMs?: number;
  /** How long a notice is sent again, ms. Default 24 h. */
  readonly keptMs?: number;
}

type Entry = Outbox["queue"][number];

/** When a notice is tried again; in memory only, so that a new controller tries at once. */
interface Pace {
  readonly attempts: number;
  readonly dueAt: number;
}

/**
 * Tells receivers of releases, each at least once and under one id, over restarts of the controller.
 * Nothing here throws: what cannot be saved or sent is said in the event log and tried again.
 */
export class NoticeOutbox {
  private readonly options: OutboxOptions;
  private outbox: Outbox | null;
  private receivers: readonly Notification[] = [];
  private readonly paces = new Map<string, Pace>();
  private readonly workers = new Map<string, Promise<void>>();
  private readonly failing = new Set<string>();
  private readonly ending = new AbortController();
  private saving: Promise<void> = Promise.resolve();
  /** What was last asked to be saved is on disk. */
  private saved = true;
  private complained = false;
  /** Its ids are on disk: a new controller would give no others. */
  private durable: boolean;

  private constructor(outbox: Outbox | null, options: OutboxOptions) {
    this.outbox = outbox;
    this.durable = outbox !== null;
    this.options = options;
  }

  /** Goes on with what an earlier controller left. Throws as reading the file does. */
  static async open(options: OutboxOptions): Promise<NoticeOutbox> {
    return new NoticeOutbox(await options.file.read(), options);
  }

  /** Takes up what is to be told in a situation; resolves when it is saved, or cannot be. */
  async look(situation: Situation): Promise<void> {
    const { notifications = [] } = situation.app.settings;
    this.receivers = notifications;
    if (this.outbox === null && notifications.length === 0) return;
    const before = this.outbox ?? { ...nothingTold(randomUUID(), situation), queue: [] };
    const due = dueNotices(situation, before);
    const queue = this.bounded([...before.queue, ...due.flatMap((each) => this.entriesOf(each))]);
    const after = { ...toldWith(before, due, situation), queue };
    const same = JSON.stringify(after) === JSON.stringify(this.outbox);
    this.outbox = after;
    const kept = new Set(queue.map(keyOf));
    for (const key of this.paces.keys()) if (!kept.has(key)) this.paces.delete(key);
    if (!same || !this.saved) await this.save();
    this.deliver();
  }

  /** Ends deliveries that are under way; they are made again by whoever comes next. */
  async close(): Promise<void> {
    this.ending.abort();
    await Promise.all(this.workers.values());
    await this.saving;
  }

  private entriesOf(notice: Notice): readonly Entry[] {
    return this.receivers
      .filter(({ on }) => on.includes(notice.kind))
      .map(({ url }) => ({ notice, url }));
  }

  /** Without those of receivers that are gone, and the oldest of those that are too many. */
  private bounded(queue: readonly Entry[]): readonly Entry[] {
    const urls = new Set(this.receivers.map(({ url }) => url));
    const wanted = queue.filter(({ url }) => urls.has(url));
    const tooMany = [...urls].flatMap((url) =>
      wanted.filter((entry) => entry.url === url).slice(0, -mostWaiting),
    );
    for (const { notice, url } of tooMany) {
      this.options.event(
        `${hostOf(url)} is never told of ${notice.id}: more than ${mostWaiting} notices wait for it`,
      );
    }
    return wanted.filter((entry) => !tooMany.includes(entry));
  }

  /** One worker for each receiver: none waits for another. */
  private deliver(): void {
    if (this.ending.signal.aborted || !this.durable) return;
    for (const { url } of this.outbox?.queue ?? []) {
      if (this.workers.has(url)) continue;
      const worker = this.work(url).finally(() => this.workers.delete(url));
      this.workers.set(url, worker);
    }
  }

  private async work(url: string): Promise<void> {
    const { signal } = this.ending;
    for (let entry = this.next(url); entry !== null && !signal.aborted; entry = this.next(url)) {
      const waitMs = this.paceOf(entry).dueAt - Date.now();
      if (waitMs > 0) await pause(Math.min(waitMs, longestSleepMs), signal);
      else await this.send(entry);
    }
  }

  /** The one that is due first. */
  private next(url: string): Entry | null {
    const own = (this.outbox?.queue ?? []).filter((entry) => entry.url === url);
    const [first = null, ...rest] = own;
    return rest.reduce<Entry | null>(
      (best, entry) =>
        best !== null && this.paceOf(entry).dueAt >= this.paceOf(best).dueAt ? best : entry,
      first,
    );
  }

  private async send(entry: Entry): Promise<void> {
    const { notice, url } = entry;
    const { signal } = this.ending;
    const to = this.receivers.find((receiver) => receiver.url === url);
    if (to === undefined) return await this.remove(entry);
    try {
      await this.options.notifier.notify(notice, to, signal);
      if (this.failing.delete(url)) this.options.event(`${hostOf(url)} takes notices again`);
      this.tryAllAgain(url);
      await this.remove(entry);
    } catch (thrown) {
      if (!signal.aborted) await this.failed(entry, HitlessError.from(thrown).message);
    }
  }

  private async failed(entry: Entry, reason: string): Promise<void> {
    const { notice, url } = entry;
    const { event, keptMs = 24 * hourMs, firstPauseMs = 1000 } = this.options;
    if (Date.now() - notice.at > keptMs) {
      event(`${hostOf(url)} is never told of ${notice.id}: ${reason}, for ${keptMs / hourMs} h`);
      return await this.remove(entry);
    }
    if (!this.failing.has(url)) {
      this.failing.add(url);
      event(`${hostOf(url)} does not take notices, which are kept and sent again: ${reason}`);
    }
    const { attempts } = this.paceOf(entry);
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** attempts);
    // By chance, so that many controllers do not come at once to a receiver that is back.
    const dueAt = Date.now() + pauseMs * (0.5 + Math.random() / 2);
    this.paces.set(keyOf(entry), { attempts: attempts + 1, dueAt });
    this.putOff(url, dueAt - 1);
  }

  /** What a receiver did not take before waits with this one, and comes first then. */
  private putOff(url: string, dueAt: number): void {
    for (const entry of this.outbox?.queue ?? []) {
      const pace = this.paces.get(keyOf(entry));
      if (entry.url !== url || pace === undefined || pace.dueAt >= dueAt) continue;
      this.paces.set(keyOf(entry), { ...pace, dueAt });
    }
  }

  /** Who takes one takes the others that have waited. */
  private tryAllAgain(url: string): void {
    for (const entry of this.outbox?.queue ?? []) {
      if (entry.url === url) this.paces.delete(keyOf(entry));
    }
  }

  private async remove(entry: Entry): Promise<void> {
    this.paces.delete(keyOf(entry));
    if (this.outbox === null) return;
    const queue = this.outbox.queue.filter((each) => keyOf(each) !== keyOf(entry));
    this.outbox = { ...this.outbox, queue };
    await this.save();
  }

  private paceOf(entry: Entry): Pace {
    return this.paces.get(keyOf(entry)) ?? { attempts: 0, dueAt: 0 };
  }

  /** One write after the other; each has all that was known when it began. */
  private save(): Promise<void> {
    this.saved = false;
    this.saving = this.saving.then(async () => {
      const { outbox } = this;
      if (outbox === null || this.saved) return;
      try {
        this.saved = true;
        await this.options.file.write(outbox);
        this.durable = true;
        this.complained = false;
      } catch (thrown) {
        this.saved = false;
        if (this.complained) return;
        this.complained = true;
        this.options.event(`notices are not saved: ${HitlessError.from(thrown).message}`);
      }
    });
    return this.saving;
  }
}

const longestPauseMs = 300_000;
const longestSleepMs = 1000;

function keyOf({ notice, url }: Entry): string {
  return `${notice.id} ${url}`;
}

/** The path of a webhook is often its password. */
function hostOf(url: string): string {
  return new URL(url).host;
}
