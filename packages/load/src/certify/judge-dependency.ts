import { counted } from "@hitless/core";
import { isGood } from "../ask.ts";
import { backTimeoutMs, type DependencySeen } from "./dependency-rehearsal.ts";
import type { Endpoints } from "./endpoints.ts";
import { seconds, whatAnswered } from "./evidence.ts";
import { failed, type Item, notTested, passed } from "./item.ts";

/** Judges what an app did while its dependency was gone; null: it was not ready before. */
export function judgeDependency(
  seen: DependencySeen | null,
  endpoints: Endpoints,
): readonly Item[] {
  if (seen === null) return untested("the app was not ready in this start");
  return [judgeLiveness(seen, endpoints), judgeReadiness(seen, endpoints)];
}

/** No dependency was named. */
export function noDependency(): readonly Item[] {
  return untested("name one: --dependency DATABASE_URL=127.0.0.1:5432");
}

function untested(why: string): readonly Item[] {
  return [notTested("liveness-alone", why), notTested("readiness-tells", why)];
}

function judgeLiveness(seen: DependencySeen, { health }: Endpoints): Item {
  const id = "liveness-alone";
  if (health === null) return notTested(id, "no endpoint was named or found: --health-path PATH");
  const gone = `${seen.variable} gone for ${seconds(seen.goneMs)}`;
  if (!seen.stillRuns) return failed(id, `${gone}: the app itself ended`);
  const wrong = seen.liveness.filter((asked) => !isGood(asked));
  const [first] = wrong;
  if (first === undefined)
    return passed(id, `${gone}: 2xx ${counted(seen.liveness.length, "time")}`);
  const times = `${wrong.length} of ${counted(seen.liveness.length, "time")}`;
  return failed(id, `${gone}: ${health} ${whatAnswered(first)}, ${times}`);
}

function judgeReadiness(seen: DependencySeen, { ready }: Endpoints): Item {
  const id = "readiness-tells";
  if (ready === null) return notTested(id, "no endpoint was named or found: --ready-path PATH");
  const gone = `${seen.variable} gone for ${seconds(seen.goneMs)}`;
  if (seen.toldMs === null) return failed(id, `${gone}: ${ready} never said so`);
  const told = `told after ${seconds(seen.toldMs)}`;
  if (seen.backMs === null) {
    return failed(id, `${told}, and not ready again ${seconds(backTimeoutMs)} after it was back`);
  }
  return passed(id, `${told}, ready again ${seconds(seen.backMs)} after it was back`);
}
