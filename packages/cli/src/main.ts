import { endWith } from "./end-with.ts";
import { buildProgram } from "./program.ts";

try {
  await buildProgram().parseAsync(process.argv);
} catch (thrown) {
  endWith(thrown);
}
