import type { Danger } from "../danger.ts";

/** What goes wrong with the replicas of one side. */
export const sickness = [
  "never ready",
  "dies",
  "hangs",
  "slow",
  "flaps",
  "probe lies",
  "answers badly",
  "answers late",
] as const;
export type Sickness = (typeof sickness)[number];

/** What goes wrong for a while. */
export const troubles = [
  "answers lost",
  "applied twice",
  "applied late",
  "view stale",
  "view partial",
  "view unknown",
  "barrier delayed",
  "disk full",
  "saved, said failed",
  "two controllers",
  "source fails",
  "source slow",
  "hook fails",
  "hook hangs",
] as const;
export type Trouble = (typeof troubles)[number];

/** What happens in an instant. */
export const blows = ["clock forward", "clock back", "counted anew", "killed idle"] as const;
export type Blow = (typeof blows)[number];

/** The controller is killed there. */
export type Death = `killed ${Danger}`;

export type Fault = Sickness | Trouble | Blow | Death;

export function isSickness(fault: Fault): fault is Sickness {
  return sickness.some((each) => each === fault);
}

/** These are felt where something is asked or run, and nowhere else. */
export const outsideTroubles: ReadonlySet<Fault> = new Set<Fault>([
  "source fails",
  "source slow",
  "hook fails",
  "hook hangs",
]);
