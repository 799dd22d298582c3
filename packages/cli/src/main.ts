import { endWith } from "./end-with.ts";
import { buildProgram } from "./program.ts";

// A reader that has seen enough (`| head`) is no fault.
process.stdout.on("error", (cause: NodeJS.ErrnoException) => {
  if (cause.code !== "EPIPE") throw cause;
  process.exit(0);
});

// A controller in the background says what it does in a log: a full disk must not end it.
process.stderr.on("error", () => undefined);

// What is written here is read again here, whatever the shell says.
process.umask(process.umask() & 0o077);

try {
  const program = await buildProgram(process.argv.slice(2));
  await program.parseAsync(process.argv);
} catch (thrown) {
  endWith(thrown);
}
