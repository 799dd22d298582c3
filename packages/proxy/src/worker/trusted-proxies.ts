import { BlockList, isIP } from "node:net";

/** Verdicts that are remembered; then it begins anew. */
const maxKnown = 10_000;

/** The addresses whose word on who asked is taken. */
export class TrustedProxies {
  readonly #list: BlockList | null;
  // A look into the list takes longer than all else that a request costs here.
  readonly #known = new Map<string, boolean>();

  /** `entries`: addresses and CIDR blocks; what is neither matches nothing. */
  constructor(entries: readonly string[]) {
    this.#list = entries.length === 0 ? null : new BlockList();
    for (const entry of entries) {
      const [address = "", prefix] = entry.split("/");
      const version = isIP(address);
      if (version === 0) continue;
      const family = version === 4 ? "ipv4" : "ipv6";
      if (prefix === undefined) this.#list?.addAddress(address, family);
      else this.#list?.addSubnet(address, Number(prefix), family);
    }
  }

  /** Whether an address, as `plainAddress` gives it, is among them. */
  has(address: string): boolean {
    if (this.#list === null) return false;
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    const version = isIP(address);
    const found = version !== 0 && this.#list.check(address, version === 4 ? "ipv4" : "ipv6");
    if (this.#known.size >= maxKnown) this.#known.clear();
    this.#known.set(address, found);
    return found;
  }
}

/** A peer's address; IPv4 as such, which a dual-stack listener shows in IPv6 notation. */
export function plainAddress(remote: string | undefined): string {
  return (remote ?? "unknown").replace(/^::ffff:(?=\d+\.)/i, "");
}
