import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { repository } from "../app-bed.ts";
import type { InstalledApp } from "./installed-app.ts";
import { runProgram } from "./run-program.ts";

/** How a program of somebody else is compiled. `.mts` is an ES module, `.cts` is CommonJS. */
const ways = [
  { module: "node16", moduleResolution: "node16", files: ["consumer.mts", "consumer.cts"] },
  { module: "nodenext", moduleResolution: "nodenext", files: ["consumer.mts", "consumer.cts"] },
  { module: "esnext", moduleResolution: "bundler", files: ["consumer.ts"] },
] as const;

/** Those that TypeScript has something to say about, though it checks the declarations of the package, too. */
export async function typeFaults(app: InstalledApp): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const { files, ...options } of ways) {
    const folder = join(app.folder, `typed-${options.module}`);
    await mkdir(folder);
    for (const file of files) await writeFile(join(folder, file), consumer(app.specifiers));
    const compilerOptions = {
      ...options,
      target: "es2022",
      lib: ["es2022"],
      types: ["node"],
      typeRoots: [join(repository, "node_modules/@types")],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
    };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
    const tsc = join(repository, "node_modules/.bin/tsc");
    const { code, stdout } = await runProgram([tsc, "-p", folder], { cwd: folder });
    if (code !== 0) faults.push(`types for ${options.module}: ${code}\n${stdout}`);
  }
  return faults;
}

/** How many programs that are. */
export const typedConsumers = ways.reduce((sum, { files }) => sum + files.length, 0);

/** What is wrong in it must be refused: `any` would let it pass. */
function consumer(specifiers: readonly string[]): string {
  return `import { createServer } from "node:http";
import { type DrainReceipt, type ServeOptions, type Service, serve } from "@hitless/app";
${specifiers.map((each, index) => `import * as part${index} from "${each}";`).join("\n")}

const options: ServeOptions = { drain: { delayMs: 1 }, checks: { one: async () => {} } };
const service: Service = serve(createServer(), options);
export const ended: Promise<DrainReceipt> = service.shutdown();
export const parts: readonly object[] = [${specifiers.map((_, index) => `part${index}`).join(", ")}];
// @ts-expect-error: a number is asked for
serve(createServer(), { drain: { delayMs: "1" } });
// @ts-expect-error: there is no such part
void part0.noSuchPart;
ended.then(({ exitCode }) => {
  const code: 0 | 1 = exitCode;
  // @ts-expect-error: it is a number
  const text: string = exitCode;
  return [code, text];
});
`;
}
