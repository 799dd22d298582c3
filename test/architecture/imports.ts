import { builtinModules } from "node:module";
import { posix } from "node:path";
import { forTestsToo, house, workspaceOf } from "./house.ts";
import type { SourceFile } from "./source-tree.ts";
import type { Token } from "./tokens.ts";

const builtins = new Set(builtinModules);

/** Why each refused import of a file is refused, with the token that names it. */
export function refusedImports(file: SourceFile): readonly { token: Token; message: string }[] {
  if (file.workspace === null) return [];
  return file.tokens.flatMap((token, index) => {
    if (token.kind !== "string") return [];
    const message = refusal(file, token.text, isSpecifier(file.tokens, index));
    return message === null ? [] : [{ token, message }];
  });
}

/** A text that names a package of ours counts wherever it stands: it may be resolved or spawned. */
function refusal(file: SourceFile, text: string, imported: boolean): string | null {
  const from = file.workspace ?? "";
  const room = house[from];
  if (room === undefined) return null;
  if (text.startsWith(".")) return refusalOfPath(file, text);
  const target = imported || text.startsWith("@hitless/") ? workspaceOf(text) : null;
  if (target === null) return imported && !file.isTest ? refusalOfOther(from, text) : null;
  const allowed = [from, ...room.ours, ...(file.isTest ? forTestsToo : [])];
  return allowed.includes(target) ? null : `${from} may not use ${target}`;
}

function refusalOfOther(from: string, specifier: string): string | null {
  const room = house[from];
  if (isBuiltin(specifier)) return room?.pure === true ? `${from} may use nothing of Node` : null;
  const others = room?.others ?? null;
  if (others === null || others.includes(packageOf(specifier))) return null;
  return `${from} may not use ${packageOf(specifier)}`;
}

function refusalOfPath(file: SourceFile, text: string): string | null {
  const target = posix.join(posix.dirname(file.path), text);
  const into = /^packages\/([^/]+)\/src\//.exec(target)?.[1];
  if (into === undefined || into === file.workspace) return null;
  return `${file.workspace} reaches into the files of ${into}: name the package instead`;
}

/** `from "x"`, `import "x"`, `import("x")`, `require("x")`, `import.meta.resolve("x")`. */
function isSpecifier(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1]?.text;
  if (before === "from" || before === "import") return true;
  return before === "(" && ["import", "require", "resolve"].includes(tokens[index - 2]?.text ?? "");
}

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith("node:") || builtins.has(specifier);
}

function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
