import { setTimeout as after } from "node:timers/promises";
import type { ControllerClient, StatusReport } from "@hitless/controller";

const lookEveryMs = 500;
/** A look, a decision and the way to us: so long after the far end was reached `why` may be older. */
const settleMs = 2500;

/** A barrier whose far end is held. */
export interface HeldBarrier {
  readonly name: string;
  readonly heldMs: number;
  /** Whether `why` names this barrier, with its evidence. */
  readonly named: (status: StatusReport) => boolean;
  /** What may not change while it is held, beside the release and its cursor. */
  readonly stands: (status: StatusReport) => unknown;
}

/** What was seen while a barrier was held. */
export interface HeldFinding {
  readonly looks: number;
  readonly faults: readonly string[];
}

/** Looks twice a second, from now on and for `heldMs`; the one who asks holds the far end. */
export async function watchHeld(
  client: ControllerClient,
  barrier: HeldBarrier,
): Promise<HeldFinding> {
  const { name, heldMs, named, stands } = barrier;
  const began = Date.now();
  const faults = new Set<string>();
  let looks = 0;
  let stood: string | null = null;
  while (Date.now() - began < heldMs) {
    const late = Date.now() - began >= settleMs;
    const status = await client.status();
    if (late) {
      looks += 1;
      const { release, why, whySince } = status;
      const now = JSON.stringify([release?.id ?? null, release?.cursor ?? null, stands(status)]);
      stood ??= now;
      if (now !== stood) faults.add(`${stood} became ${now}`);
      if (!named(status)) faults.add(`why says ${JSON.stringify(why)}`);
      if (whySince > began + settleMs) faults.add(`${why.kind} only since ${whySince - began} ms`);
    }
    await after(lookEveryMs);
  }
  if (looks === 0) faults.add("nobody looked");
  return { looks, faults: [...faults].map((fault) => `${name}: ${fault}`) };
}
