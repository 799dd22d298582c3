/** Writes one line to standard output. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Writes progress, which is for people and not for pipes. */
export function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Prints a value as JSON, for machines. */
export function sayJson(value: unknown): void {
  say(JSON.stringify(value, null, 2));
}
