/** What admission needs of a client connection. */
export interface Guest {
  /** Its peer's address. */
  readonly address: string;
  /** The peer is a trusted proxy, and its address stands for many clients. */
  readonly trusted: boolean;
  /** Since when it is waited for, ms; Infinity while it is not, or when it is ending. */
  readonly waitingSince: number;
  /** 0: nothing of it was ever answered; 1: it lets a request of its own wait; 2: between two requests. */
  readonly rank: number;
  /** Answers that there is no room, and ends. */
  refuse(): void;
  /** Ends it in favour of another one. */
  makeRoom(): void;
  destroy(): void;
}

/** How many connections there may be. */
export interface Room {
  readonly maxConnections: number;
  /** From one address; 0: any number. */
  readonly maxConnectionsPerAddress: number;
}

/** Connections that are being ended may be that many, and a quarter of those that there may be; then the oldest are reset. */
const maxEnding = 256;
/** After a look that found nobody who could make room, ms. */
const lookAgainMs = 50;
/** To look may take that part of the time: with thousands of guests it costs milliseconds. */
const lookingShare = 1 / 20;
/** A request may follow its connection so late: a packet that is lost is sent again after a second. Ms. */
const newMs = 1_000;
/** Rank of one that is new: after those that let us wait, before those that were served. */
const newRank = 1.5;

/**
 * Who gets in when there is not room for all. A new connection is worth more than one that is waited
 * for: those make room, first who was never served, then who lets a request wait, then who has come
 * within a second, so that its request may be on its way, then who has none; of these who is waited for longest. The newcomer is refused when all others are being served. Over
 * the limit of its address it has to take the place of one of that address.
 */
export class Admission {
  /** Connections that were refused, and that had to make room; these only grow. */
  refused = 0;
  evicted = 0;
  /** How often all were looked at; this only grows. */
  looks = 0;
  /** And when each came. */
  readonly #guests = new Map<Guest, number>();
  readonly #byNetwork = new Map<string, Set<Guest>>();
  /** Refused, or made room: they read what they were told. */
  readonly #ending = new Set<Guest>();
  readonly #most: number;
  #room: Room;
  /** Who makes room next stands last. */
  #waiting: Waiting[] = [];
  /** Who took the place of another since they were looked at. */
  #newcomers: Guest[] = [];
  #lookAt = Number.NEGATIVE_INFINITY;
  readonly #now: () => number;

  /** `most`: what this process can take at all, whatever the settings say. `now`: a clock, ms. */
  constructor(room: Room, most: number, now = () => performance.now()) {
    this.#room = room;
    this.#most = most;
    this.#now = now;
  }

  /** Holds for who comes from now on. */
  set room(room: Room) {
    this.#room = room;
  }

  /** Connections that were admitted and are open. */
  get size(): number {
    return this.#guests.size;
  }

  /** Lets it in, or refuses it. */
  enter(guest: Guest): void {
    if (!this.#hasRoomFor(guest)) {
      this.refused += 1;
      this.#send(guest);
      guest.refuse();
      return;
    }
    this.#guests.set(guest, this.#now());
    const network = networkOf(guest.address);
    const neighbours = this.#byNetwork.get(network);
    if (neighbours === undefined) this.#byNetwork.set(network, new Set([guest]));
    else neighbours.add(guest);
  }

  /** It is gone. */
  leave(guest: Guest): void {
    this.#ending.delete(guest);
    if (!this.#guests.delete(guest)) return;
    const network = networkOf(guest.address);
    const neighbours = this.#byNetwork.get(network);
    neighbours?.delete(guest);
    if (neighbours?.size === 0) this.#byNetwork.delete(network);
  }

  #hasRoomFor(guest: Guest): boolean {
    const { address, trusted } = guest;
    const most = trusted ? 0 : this.#room.maxConnectionsPerAddress;
    const neighbours = this.#byNetwork.get(networkOf(address));
    if (most > 0 && neighbours !== undefined && neighbours.size >= most) {
      return this.#evict(this.#firstOf(neighbours));
    }
    if (this.#guests.size < this.#limit) return true;
    if (!this.#evict(this.#nextWaiting())) return false;
    this.#newcomers.push(guest);
    return true;
  }

  get #limit(): number {
    return Math.min(this.#room.maxConnections, this.#most);
  }

  #evict(guest: Guest | null): boolean {
    if (guest === null) return false;
    this.evicted += 1;
    this.leave(guest);
    this.#send(guest);
    guest.makeRoom();
    return true;
  }

  /** It will be told that it has to go. */
  #send(guest: Guest): void {
    this.#ending.add(guest);
    if (this.#ending.size <= Math.min(maxEnding, this.#limit / 4)) return;
    // Who came first has had the most time to read it.
    for (const first of this.#ending) {
      this.#ending.delete(first);
      if (first !== guest) first.destroy();
      return;
    }
  }

  #nextWaiting(): Guest | null {
    let next = this.#takeWaiting();
    // Somebody who came since the last look may have to go before this one.
    if (next?.rank !== 0 && this.#look()) next = this.#takeWaiting();
    if (next !== null && next.rank <= newRank) return next.guest;
    const newcomer = this.#takeNewcomer();
    if (newcomer !== null && next !== null) this.#waiting.push(next);
    return newcomer ?? next?.guest ?? null;
  }

  /** The first who took the place of another since the last look, and was not served. */
  #takeNewcomer(): Guest | null {
    for (;;) {
      const guest = this.#newcomers.shift();
      if (guest === undefined) return null;
      const waits = guest.waitingSince !== Number.POSITIVE_INFINITY;
      if (waits && guest.rank === 0 && this.#guests.has(guest)) return guest;
    }
  }

  #takeWaiting(): Waiting | null {
    for (;;) {
      const next = this.#waiting.pop();
      if (next === undefined) return null;
      // It may have been served, or have left, since it was looked at.
      if (next.guest.waitingSince === next.since && this.#guests.has(next.guest)) return next;
    }
  }

  /** One look at all of them serves many newcomers; false: it is too early for another one. */
  #look(): boolean {
    const now = this.#now();
    if (now < this.#lookAt) return false;
    this.looks += 1;
    this.#newcomers = [];
    this.#waiting = [...this.#guests.keys()]
      .map((guest) => this.#waitingOf(guest, now))
      .filter(({ since }) => since !== Number.POSITIVE_INFINITY)
      .reverse()
      .sort((a, b) => order(b, a));
    const pauseMs = this.#waiting.length === 0 ? lookAgainMs : (this.#now() - now) / lookingShare;
    this.#lookAt = now + pauseMs;
    return true;
  }

  #waitingOf(guest: Guest, now: number): Waiting {
    const isNew = guest.rank === 0 && now - (this.#guests.get(guest) ?? 0) < newMs;
    return { guest, rank: isNew ? newRank : guest.rank, since: guest.waitingSince };
  }

  /** Of these, who has to make room; null when all are busy. */
  #firstOf(guests: ReadonlySet<Guest>): Guest | null {
    const now = this.#now();
    let first: Waiting | null = null;
    for (const guest of guests) {
      const waiting = this.#waitingOf(guest, now);
      if (waiting.since === Number.POSITIVE_INFINITY) continue;
      if (first === null || order(waiting, first) < 0) first = waiting;
    }
    return first?.guest ?? null;
  }
}

/** How long one is waited for, as of the last look. */
interface Waiting {
  readonly guest: Guest;
  readonly rank: number;
  readonly since: number;
}

/** Who has one IPv6 address has 2^64 of them: the first half stands for all. IPv4 addresses stand for themselves. */
function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [front = "", back] = address.split("::");
  const groups = front === "" ? [] : front.split(":");
  if (back !== undefined) {
    const missing = 8 - groups.length - (back === "" ? 0 : back.split(":").length);
    for (let i = 0; i < missing; i += 1) groups.push("0");
  }
  return groups.slice(0, 4).join(":");
}

/** Negative: `a` has to make room before `b`. */
function order(a: Waiting, b: Waiting): number {
  return a.rank - b.rank || a.since - b.since;
}
