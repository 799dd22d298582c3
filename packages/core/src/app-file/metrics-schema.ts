import { must } from "./expectation.ts";
import { section } from "./section.ts";
import { portNumber } from "./whole-number.ts";

/** `metrics`. */
export const metricsSchema = section(
  { port: portNumber() },
  must("a mapping such as { port: 9464 }"),
).nullish();
