import { type JsonPath, parseJsonPath, type Sample } from "@hitless/core";
import { ask, excerpt } from "./ask.ts";
import { noData, numberOf } from "./number-of.ts";

/** One number in a JSON answer. */
export interface HttpValue {
  readonly url: URL;
  readonly path: string;
}

/** Asks by GET. 200 with a number, or text that is one, at the path is a value; never throws. */
export async function httpValue({ url, path }: HttpValue, signal: AbortSignal): Promise<Sample> {
  const answer = await ask({ url }, signal);
  if ("reason" in answer) return noData(answer.reason);
  if (answer.status !== 200) return noData(`HTTP ${answer.status} from ${url.host}`);
  const json = parsed(answer.text);
  if (json === undefined) return noData(`no JSON from ${url.host}: ${excerpt(answer.text)}`);
  const found = valueAt(json, parseJsonPath(path) ?? []);
  const value = typeof found === "string" ? numberOf(found) : found;
  if (typeof value === "number" && Number.isFinite(value)) return { kind: "value", value };
  return noData(`${told(found)} at ${path}`);
}

/** Undefined: it is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Undefined: there is nothing. */
function valueAt(json: unknown, path: JsonPath): unknown {
  return path.reduce((found, step) => {
    if (typeof found !== "object" || found === null) return undefined;
    if (typeof step === "number" && !Array.isArray(found)) return undefined;
    return Object.getOwnPropertyDescriptor(found, step)?.value;
  }, json);
}

function told(found: unknown): string {
  if (found === undefined) return "nothing";
  if (typeof found === "string") return `the text ${excerpt(found)}`;
  if (Array.isArray(found)) return "a list";
  return typeof found === "object" && found !== null ? "an object" : String(found);
}
