/**
 * Control characters and those that turn the direction of text, which others may have put into a
 * name or a message: a terminal would obey them. Written as JSON writes them.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const obeyed = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** The text without what a terminal would obey; lines and tabs stay. */
export function printable(text: string): string {
  return text.replace(obeyed, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Writes one line to standard output. */
export function say(text: string): void {
  process.stdout.write(`${printable(text)}\n`);
}

/** Writes progress, which is for people and not for pipes. */
export function progress(text: string): void {
  process.stderr.write(`${printable(text)}\n`);
}

/** Prints a value as JSON, for machines. */
export function sayJson(value: unknown): void {
  say(JSON.stringify(value, null, 2));
}
