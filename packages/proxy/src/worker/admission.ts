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

/**
 * Who gets in when there is not room for all. A new connection is worth more than one that is waited
 * for: those make room, first who was never served, then who lets a request wait, then who has none;
 * of these who is waited for longest. The newcomer is refused when all others are being served. Over
 * the limit of its address it has to take the place of one of that address.
 */
export class Admission {
  /** Connections that were refused, and that had to make room; these only grow. */
  refused = 0;
  evicted = 0;
  readonly #guests = new Set<Guest>();
  readonly #byNetwork = new Map<string, Set<Guest>>();
  /** Refused, or made room: they read what they were told. */
  readonly #ending = new Set<Guest>();
  readonly #most: number;
  #room: Room;
  /** Who makes room next stands last. */
  #waiting: { readonly guest: Guest; readonly since: number }[] = [];
  #lookAt = 0;

  /** `most`: what this process can take at all, whatever the settings say. */
  constructor(room: Room, most: number) {
    this.#room = room;
    this.#most = most;
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
    this.#guests.add(guest);
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

  #hasRoomFor({ address, trusted }: Guest): boolean {
    const most = trusted ? 0 : this.#room.maxConnectionsPerAddress;
    const neighbours = this.#byNetwork.get(networkOf(address));
    if (most > 0 && neighbours !== undefined && neighbours.size >= most) {
      return this.#evict(firstOf(neighbours));
    }
    return this.#guests.size < this.#limit || this.#evict(this.#nextWaiting());
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
    return this.#takeWaiting() ?? (this.#look() ? this.#takeWaiting() : null);
  }

  #takeWaiting(): Guest | null {
    for (;;) {
      const next = this.#waiting.pop();
      if (next === undefined) return null;
      // It may have been served, or have left, since it was looked at.
      if (next.guest.waitingSince === next.since && this.#guests.has(next.guest)) return next.guest;
    }
  }

  /** One look at all of them serves many newcomers. */
  #look(): boolean {
    const now = performance.now();
    if (now < this.#lookAt) return false;
    this.#waiting = [...this.#guests]
      .map((guest) => ({ guest, since: guest.waitingSince }))
      .filter(({ since }) => since !== Number.POSITIVE_INFINITY)
      .reverse()
      .sort((a, b) => order(b.guest, a.guest));
    if (this.#waiting.length === 0) this.#lookAt = now + lookAgainMs;
    return this.#waiting.length > 0;
  }
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

/** Of these, who has to make room; null when all are busy. */
function firstOf(guests: ReadonlySet<Guest>): Guest | null {
  let first: Guest | null = null;
  for (const guest of guests) {
    if (guest.waitingSince === Number.POSITIVE_INFINITY) continue;
    if (first === null || order(guest, first) < 0) first = guest;
  }
  return first;
}

/** Negative: `a` has to make room before `b`. */
function order(a: Guest, b: Guest): number {
  return a.rank - b.rank || a.waitingSince - b.waitingSince;
}
