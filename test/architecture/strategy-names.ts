import type { Token } from "./tokens.ts";

const refused = new Set(["rolling", "blueGreen", "abTest", "recreate"]);
const comparisons = new Set(["===", "!==", "==", "!="]);

/**
 * The tokens that name a strategy. Four names are refused as whole words or texts. `canary` is a
 * role too, so it is refused only where it names a strategy: as the value of a `kind`, or as a key
 * of `strategy`.
 */
export function strategyNamesIn(tokens: readonly Token[]): readonly Token[] {
  return tokens.filter((token, index) => {
    if (token.kind !== "name" && token.kind !== "string") return false;
    if (refused.has(token.text)) return true;
    return token.text === "canary" && (isKindValue(tokens, index) || isStrategyKey(tokens, index));
  });
}

/** `kind: "canary"`, `x.kind === "canary"`, `"canary" === x.kind`, `case "canary"` of `switch (x.kind)`. */
function isKindValue(tokens: readonly Token[], index: number): boolean {
  if (tokens[index]?.kind !== "string") return false;
  const start = startOfUnion(tokens, index);
  const before = tokens[start - 1]?.text ?? "";
  if (before === ":" || comparisons.has(before)) {
    if (endsAtKind(tokens, start - 2)) return true;
  }
  if (comparisons.has(tokens[index + 1]?.text ?? ""))
    return chainAfter(tokens, index + 2) === "kind";
  return before === "case" && endsAtKind(tokens, endOfSwitchSubject(tokens, index));
}

/** `kind`, `"kind"`, `["kind"]` and `kind?` all end a chain at the property `kind`. */
function endsAtKind(tokens: readonly Token[], index: number): boolean {
  const optional = ["?", "]"].includes(tokens[index]?.text ?? "");
  return tokens[optional ? index - 1 : index]?.text === "kind";
}

/** `"a" | "b" | "canary"`: the index of the first text of the union. */
function startOfUnion(tokens: readonly Token[], index: number): number {
  let start = index;
  while (tokens[start - 1]?.text === "|" && tokens[start - 2]?.kind === "string") start -= 2;
  return tokens[start - 1]?.text === "|" ? start - 1 : start;
}

/** The last name of `a.b?.c` that starts at `index`. */
function chainAfter(tokens: readonly Token[], index: number): string | undefined {
  let last = index;
  while ([".", "?."].includes(tokens[last + 1]?.text ?? "")) last += 2;
  return tokens[last]?.text;
}

/** The last token inside the parentheses of the `switch` around `index`, or -1. */
function endOfSwitchSubject(tokens: readonly Token[], index: number): number {
  const brace = openingBefore(tokens, index);
  if (tokens[brace - 1]?.text !== ")") return -1;
  const parenthesis = openingBefore(tokens, brace - 1);
  return tokens[parenthesis - 1]?.text === "switch" ? brace - 2 : -1;
}

/** `strategy.canary`, `strategy["canary"]`, `strategy: { …, canary`, `{ canary } = x.strategy`, `"canary" in strategy`. */
function isStrategyKey(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1]?.text ?? "";
  if (before === "." || before === "?.") return tokens[index - 2]?.text === "strategy";
  if (before === "[") {
    const owner = tokens[index - 2]?.text === "?." ? index - 3 : index - 2;
    return tokens[owner]?.text === "strategy";
  }
  if (tokens[index + 1]?.text === "in") return chainAfter(tokens, index + 2) === "strategy";
  return isKeyOfObjectNamedStrategy(tokens, index);
}

function isKeyOfObjectNamedStrategy(tokens: readonly Token[], index: number): boolean {
  if (![",", "{", "readonly"].includes(tokens[index - 1]?.text ?? "")) return false;
  const open = openingBefore(tokens, index);
  if (tokens[open]?.text !== "{") return false;
  if ([":", "="].includes(tokens[open - 1]?.text ?? "")) {
    if (tokens[open - 2]?.text === "strategy") return true;
  }
  const close = closingAfter(tokens, index);
  return tokens[close + 1]?.text === "=" && chainAfter(tokens, close + 2) === "strategy";
}

/** The innermost bracket that is open at `index`, or -1. */
function openingBefore(tokens: readonly Token[], index: number): number {
  let depth = 0;
  for (let at = index - 1; at >= 0; at -= 1) {
    const text = signAt(tokens, at);
    if (text === ")" || text === "]" || text === "}") depth += 1;
    if (text === "(" || text === "[" || text === "{") depth -= 1;
    if (depth < 0) return at;
  }
  return -1;
}

/** Where the innermost bracket that is open at `index` closes; the last token when it never does. */
function closingAfter(tokens: readonly Token[], index: number): number {
  let depth = 0;
  for (let at = index + 1; at < tokens.length; at += 1) {
    const text = signAt(tokens, at);
    if (text === "(" || text === "[" || text === "{") depth += 1;
    if (text === ")" || text === "]" || text === "}") depth -= 1;
    if (depth < 0) return at;
  }
  return tokens.length - 1;
}

function signAt(tokens: readonly Token[], at: number): string {
  const token = tokens[at];
  return token?.kind === "sign" ? token.text : "";
}
