import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { AppBed } from "./app-bed.ts";

/** Which orders the app `order-book` executed, by the file that it writes itself. */
export class OrderLedger {
  private readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes the bed's app write one, outside its folder: every revision appends to the same. */
  static async of(bed: AppBed): Promise<OrderLedger> {
    const path = resolve(bed.dir, "../orders.log");
    await bed.edit({ config: { GREETING: "hello", LEDGER: path } });
    return new OrderLedger(path);
  }

  /** Of the orders of the load with that seed: how many were executed, and which more than once. */
  async read(seed: number): Promise<{ executed: number; twice: readonly string[] }> {
    const lines = (await readFile(this.path, "utf8")).split("\n");
    const orders = lines.filter((line) => line.startsWith(`${seed}-`));
    const seen = new Set<string>();
    const twice = orders.filter((id) => seen.has(id) || !seen.add(id));
    return { executed: seen.size, twice };
  }
}
