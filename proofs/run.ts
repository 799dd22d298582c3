// `npm run prove` lists the proofs, `npm run prove -- NAME [args]` runs one.
// Exit code 0: shown. 1: not shown. 2: no proof of that name.
import { readdirSync } from "node:fs";
import type { Proof } from "./proof.ts";

const notProofs = new Set(["run.ts", "proof.ts"]);
const [name, ...args] = process.argv.slice(2);
process.exitCode = name === undefined ? await list() : await prove(name, args);

async function list(): Promise<number> {
  const names = proofNames();
  const lines = await Promise.all(names.map(lineOf));
  const width = Math.max(0, ...names.map((each) => each.length));
  names.forEach((each, index) => {
    console.log(`${each.padEnd(width)}  ${lines[index]?.text}`);
  });
  console.log("\nRun one with: npm run prove -- NAME");
  return lines.every((line) => line.ok) ? 0 : 1;
}

async function lineOf(name: string): Promise<{ readonly text: string; readonly ok: boolean }> {
  try {
    const proof = await load(name);
    return { text: `${duration(proof.seconds).padStart(7)}  ${proof.title}`, ok: true };
  } catch (cause) {
    return { text: `      ?  cannot be loaded: ${firstLineOf(cause)}`, ok: false };
  }
}

async function prove(name: string, args: readonly string[]): Promise<number> {
  const names = proofNames();
  if (!names.includes(name)) {
    const nearest = nearestOf(name, names);
    console.error(`There is no proof named ${name}.`);
    if (nearest !== undefined) console.error(`The nearest is: npm run prove -- ${nearest}`);
    return 2;
  }
  const proof = await load(name);
  console.log(`${name}: ${proof.title} (about ${duration(proof.seconds)})`);
  const started = performance.now();
  const { figure, ok } = await proof.run(args);
  const took = duration((performance.now() - started) / 1000);
  console.log(`${name}: ${ok ? "shown" : "NOT SHOWN"} in ${took}`);
  console.log(figure);
  return ok ? 0 : 1;
}

function proofNames(): readonly string[] {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith(".ts"));
  const proofs = files.filter((file) => !notProofs.has(file) && !file.endsWith(".test.ts"));
  return proofs.map((file) => file.slice(0, -".ts".length)).sort();
}

async function load(name: string): Promise<Proof> {
  const { proof }: { proof?: Proof } = await import(`./${name}.ts`);
  if (proof === undefined) throw new Error(`proofs/${name}.ts exports no \`proof\``);
  return proof;
}

function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  return seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

function firstLineOf(cause: unknown): string {
  return String(cause instanceof Error ? cause.message : cause).split("\n", 1)[0] ?? "";
}

function nearestOf(name: string, names: readonly string[]): string | undefined {
  const ranked = names.map((each) => ({ each, far: distance(name, each) }));
  return ranked.sort((a, b) => a.far - b.far)[0]?.each;
}

/** Levenshtein: how many letters to add, drop or change. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...to].entries()) {
      const changed = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
