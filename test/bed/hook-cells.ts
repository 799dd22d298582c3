import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Receiver } from "../../packages/controller/src/testing/hook-bed.ts";
import type { AppBed } from "./app-bed.ts";

export type Place = "before" | "afterSwitch" | "onFailure";
export type Fault = "fails" | "hangs" | "killed";

/** One hook that does not do what it should, and what then becomes of its release. */
export interface Cell {
  readonly place: Place;
  readonly kind: "command" | "http";
  readonly fault: Fault;
  readonly onFail: "back" | "hold" | "continue";
}

const places: readonly Place[] = ["before", "afterSwitch", "onFailure"];
const faults: readonly Fault[] = ["fails", "hangs", "killed"];
const kinds = ["command", "http"] as const;

/** Each place, kind and fault; and those that hold their release, or let it go on. */
export const cells: readonly Cell[] = [
  ...places.flatMap((place) =>
    kinds.flatMap((kind) =>
      faults.map((fault): Cell => {
        return { place, kind, fault, onFail: place === "onFailure" ? "continue" : "back" };
      }),
    ),
  ),
  { place: "before", kind: "command", fault: "fails", onFail: "hold" },
  { place: "afterSwitch", kind: "http", fault: "fails", onFail: "continue" },
];

/** How long a hook that hangs may take, seconds. */
const hangsSeconds = 1;
/** Attempts of a hook that fails. */
export const attempts = 2;

/** What is logged of the beginnings and ends of commands, beside the app's folder. */
const script = `log=../hooks.log
field() { printf '%s\\t%s\\t%s\\n' "$HITLESS_HOOK_KEY" "$$" "$1" >> "$log"; }
first=$(grep -F "$HITLESS_HOOK_KEY	" "$log" 2>/dev/null | head -n 1 | cut -f 2)
field begin
case "$1" in
fails) exit 3 ;;
hangs) sleep 1000 ;;
killed)
  [ -n "$first" ] || { trap '' TERM; sleep 1000 & sleep 1000; }
  if [ -e "/proc/$first" ] && ! grep -q ') [ZX] ' "/proc/$first/stat"; then field overlap; fi
  ;;
esac
field end
`;

/** Where hooks come to: a script that logs, and a receiver that counts. */
export class HookLedger implements AsyncDisposable {
  private readonly bed: AppBed;
  private readonly receiver: Receiver;

  private constructor(bed: AppBed, receiver: Receiver) {
    this.bed = bed;
    this.receiver = receiver;
  }

  static async make(bed: AppBed): Promise<HookLedger> {
    await writeFile(join(bed.dir, "hook.sh"), script);
    return new HookLedger(bed, await Receiver.listen());
  }

  /** The section of the app file for a cell. What lets a release fail first has no key of interest. */
  hooksOf({ place, kind, fault, onFail }: Cell): Readonly<Record<string, unknown>> {
    const action =
      kind === "command"
        ? { command: ["sh", "./hook.sh", fault] }
        : { http: `${this.receiver.url}?{{release}}` };
    const hook = {
      ...{ name: "probed", ...action, onFail },
      ...(fault === "fails" ? { attempts } : {}),
      ...(fault === "hangs" ? { timeout: `${hangsSeconds}s` } : {}),
    };
    const failing = place === "onFailure" ? { before: [{ command: "exit 1" }] } : {};
    return { ...failing, [place]: [hook] };
  }

  /** How the receiver answers from now on. */
  answers({ fault }: Cell): void {
    this.receiver.answer = (response, { body }) => {
      const again = this.receiver.got.filter((each) => each.body === body).length > 1;
      if (fault === "fails") response.writeHead(500).end("broken\n");
      else if (fault === "killed" && again) response.end("done\n");
    };
  }

  /** How often each key of a release was run, in both ways. */
  async runsOf(release: number): Promise<ReadonlyMap<string, number>> {
    const keys = [
      ...(await this.lines()).filter(([, , what]) => what === "begin").map(([key]) => key),
      ...this.receiver.got.map(({ body }) => String(JSON.parse(body).key)),
    ];
    const runs = new Map<string, number>();
    for (const key of keys.filter((each) => each.startsWith(`shop/${release}/`))) {
      runs.set(key, (runs.get(key) ?? 0) + 1);
    }
    return runs;
  }

  /** Commands that ran beside their own first run. */
  async overlaps(): Promise<number> {
    return (await this.lines()).filter(([, , what]) => what === "overlap").length;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.receiver.close();
  }

  private async lines(): Promise<readonly (readonly [string, string, string])[]> {
    const text = await readFile(join(this.bed.dir, "../hooks.log"), "utf8").catch(() => "");
    return text.split("\n").flatMap((line) => {
      const [key = "", pid = "", what] = line.split("\t");
      return what === undefined ? [] : [[key, pid, what] as const];
    });
  }
}
