import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const fromSource = import.meta.url.endsWith(".ts");

/** How a process of ours is started. */
export interface Entry {
  readonly execPath: string;
  /** Before the path. */
  readonly execArgv: readonly string[];
  /** Of the file, absolute. */
  readonly path: string;
}

/** One of our entry files, `worker/worker-main`, as this very version. */
export function ownEntry(name: string): Entry {
  return { execPath: process.execPath, execArgv: nodeArguments(), path: entryPath(name) };
}

/** The absolute path of one of our entry files, `worker/worker-main`, in source or as built. */
function entryPath(name: string): string {
  return fileURLToPath(new URL(`./${name}${fromSource ? ".ts" : ".js"}`, import.meta.url));
}

/**
 * The arguments before the entry file with which a child runs like this process: from source
 * under tsx where we do. Test runners load TypeScript by other means, so there it is computed.
 */
function nodeArguments(): string[] {
  const evaluates = process.execArgv.some((argument) =>
    /^(-e|-p|-pe|--eval|--print)$/.test(argument),
  );
  const own = evaluates
    ? []
    : process.execArgv.filter((argument) => !argument.startsWith("--inspect"));
  if (!fromSource || own.some((argument) => argument.includes("tsx"))) return own;
  const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  return ["--conditions=@hitless/source", "--import", loader];
}
