/** What a source file says, comments left out. */
export interface Token {
  readonly kind: "name" | "string" | "number" | "regex" | "sign";
  /** A string's content without its quotes; the source text of everything else. */
  readonly text: string;
  readonly line: number;
}

interface Cursor {
  readonly source: string;
  readonly tokens: Token[];
  /** Open `${`: the number of braces open inside each. */
  readonly substitutions: number[];
  at: number;
  line: number;
}

const blank = /\s+|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y;
const name = /[\p{ID_Start}$_#][\p{ID_Continue}$\u200c\u200d]*/uy;
const number = /\d[\w.]*/y;
const quoted = /"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?/y;
const regex = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/\w*/y;
const templatePart = /(?:\\[\s\S]|\$(?!\{)|[^`\\$])*/y;
const sign = /===|!==|=>|\?\.(?!\d)|==|!=|&&|\|\||\?\?|[\s\S]/y;

/** Words after which a slash starts a regular expression, though they look like a name. */
const beforeRegex = new Set(["return", "typeof", "case", "in", "of", "await", "yield", "void"]);

/**
 * The tokens of a TypeScript or JavaScript source, good enough to tell code from comments and
 * text. The compiler has no API to ask, and a pattern over the raw text would read comments.
 */
export function tokensOf(source: string): readonly Token[] {
  const cursor: Cursor = { source, tokens: [], substitutions: [], at: 0, line: 1 };
  while (cursor.at < source.length) {
    if (take(cursor, blank) !== null) continue;
    step(cursor);
  }
  return cursor.tokens;
}

function step(cursor: Cursor): void {
  const char = cursor.source[cursor.at];
  const resumesTemplate = char === "}" && cursor.substitutions.at(-1) === 0;
  if (char === "`" || resumesTemplate) {
    if (resumesTemplate) {
      cursor.substitutions.pop();
      cursor.tokens.push({ kind: "sign", text: "}", line: cursor.line });
    }
    cursor.at += 1;
    templateText(cursor);
    return;
  }
  const line = cursor.line;
  cursor.tokens.push({ line, ...plainToken(cursor) });
}

function plainToken(cursor: Cursor): Pick<Token, "kind" | "text"> {
  const inQuotes = take(cursor, quoted);
  if (inQuotes !== null) return { kind: "string", text: unquoted(inQuotes) };
  const expression = regexMayStart(cursor.tokens.at(-1)) ? take(cursor, regex) : null;
  if (expression !== null) return { kind: "regex", text: expression };
  const word = take(cursor, name);
  if (word !== null) return { kind: "name", text: word };
  const digits = take(cursor, number);
  if (digits !== null) return { kind: "number", text: digits };
  const text = take(cursor, sign) ?? "";
  countBraces(cursor, text);
  return { kind: "sign", text };
}

/** One literal part of a template, up to its end or to the next `${`. */
function templateText(cursor: Cursor): void {
  const line = cursor.line;
  cursor.tokens.push({ kind: "string", line, text: take(cursor, templatePart) ?? "" });
  if (cursor.source.startsWith("${", cursor.at)) {
    cursor.substitutions.push(0);
    cursor.tokens.push({ kind: "sign", text: "{", line: cursor.line });
    cursor.at += 2;
    return;
  }
  cursor.at += 1;
}

function countBraces(cursor: Cursor, text: string): void {
  const open = cursor.substitutions.at(-1);
  if (open === undefined) return;
  if (text === "{") cursor.substitutions[cursor.substitutions.length - 1] = open + 1;
  if (text === "}") cursor.substitutions[cursor.substitutions.length - 1] = open - 1;
}

function regexMayStart(previous: Token | undefined): boolean {
  if (previous === undefined) return true;
  if (previous.kind === "name") return beforeRegex.has(previous.text);
  return previous.kind === "sign" && ![")", "]", "}"].includes(previous.text);
}

function take(cursor: Cursor, pattern: RegExp): string | null {
  pattern.lastIndex = cursor.at;
  const text = pattern.exec(cursor.source)?.[0];
  if (text === undefined) return null;
  cursor.at += text.length;
  cursor.line += text.split("\n").length - 1;
  return text;
}

function unquoted(text: string): string {
  return text.slice(1, text.length > 1 ? -1 : undefined);
}
