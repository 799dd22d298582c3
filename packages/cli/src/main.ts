import { endWith } from "./end-with.ts";
import { buildProgram } from "./program.ts";

try {
  const program = await buildProgram(process.argv.slice(2));
  await program.parseAsync(process.argv);
} catch (thrown) {
  endWith(thrown);
}
