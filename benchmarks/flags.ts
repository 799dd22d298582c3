import { type ParseArgsConfig, parseArgs } from "node:util";

/** The flags of a benchmark; ends it with code 2 and the usage when they are not its own. */
export function flagsOf<T extends NonNullable<ParseArgsConfig["options"]>>(
  args: string[],
  { options, usage }: { readonly options: T; readonly usage: string },
) {
  try {
    return parseArgs({ args, options }).values;
  } catch (thrown) {
    return refuse(`${thrown instanceof Error ? thrown.message : String(thrown)}\n\n${usage}`);
  }
}

export function wholeNumber(flag: string, text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  return refuse(`--${flag} must be a whole number from 1 on, not ${text}`);
}

export function refuse(sentence: string): never {
  console.error(sentence);
  process.exit(2);
}
