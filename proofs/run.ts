// `npm run prove` lists the proofs, `npm run prove -- NAME [args]` runs one, `npm run prove -- NAME
// --help` says what it takes. Exit code 0: shown. 1: not shown. 2: no such proof, or not its
// arguments. 130, 143: interrupted, and everything that it started is ended.
import { readdirSync } from "node:fs";
import { nearestKey } from "@hitless/core";
import { handleInterruptions, interrupted } from "../test/bed/interruption.ts";
import { helpOf, problemOf, synopsisOf } from "./arguments.ts";
import type { Finding, Proof } from "./proof.ts";

const notProofs = new Set(["arguments.ts", "proof.ts", "run.ts"]);
const [name, ...args] = process.argv.slice(2);
process.exitCode = name === undefined || isHelp(name) ? await list() : await answer(name, args);

async function list(): Promise<number> {
  const names = proofNames();
  const lines = await Promise.all(names.map(lineOf));
  const width = Math.max(0, ...names.map((each) => each.length));
  names.forEach((each, index) => {
    console.log(`${each.padEnd(width)}  ${lines[index]?.text}`);
  });
  console.log("\nRun one with: npm run prove -- NAME. What it takes: npm run prove -- NAME --help");
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

async function answer(name: string, args: readonly string[]): Promise<number> {
  const names = proofNames();
  if (!names.includes(name)) {
    console.error(`There is no proof named ${name}; npm run prove lists them.`);
    for (const near of nearestOf(name, names)) console.error(`  npm run prove -- ${near}`);
    return 2;
  }
  const proof = await load(name);
  if (args.some(isHelp)) {
    for (const line of usageOf(name, proof)) console.log(line);
    return 0;
  }
  const problem = problemOf(args, proof.takes ?? []);
  if (problem === null) return await prove(name, proof, args);
  console.error(`${name}: ${problem}. Nothing was started.\n`);
  for (const line of usageOf(name, proof)) console.error(line);
  return 2;
}

function usageOf(name: string, { title, seconds, takes = [] }: Proof): readonly string[] {
  return [
    `${name}: ${title} (about ${duration(seconds)})`,
    "",
    `npm run prove -- ${[name, synopsisOf(takes)].join(" ").trim()}`,
    ...helpOf(takes),
  ];
}

async function prove(name: string, proof: Proof, args: readonly string[]): Promise<number> {
  console.log(`${name}: ${proof.title} (about ${duration(proof.seconds)})`);
  const started = performance.now();
  handleInterruptions((line) => console.error(line));
  const { figure, ok } = await proof.run(args).catch(rethrowUnlessInterrupted);
  // The interruption ends this process, when all is ended.
  if (interrupted()) return await forever();
  const took = duration((performance.now() - started) / 1000);
  console.log(`${name}: ${ok ? "shown" : "NOT SHOWN"} in ${took}`);
  console.log(figure);
  return ok ? 0 : 1;
}

/** What was under way fails when it is interrupted, which says nothing. */
async function rethrowUnlessInterrupted(thrown: unknown): Promise<Finding> {
  if (interrupted()) return await forever();
  throw thrown;
}

function forever(): Promise<never> {
  return new Promise(() => undefined);
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

/** Those that begin with it, or else have it in the name, or else the one that is spelt nearly so. */
function nearestOf(name: string, names: readonly string[]): readonly string[] {
  const beginning = names.filter((each) => each.startsWith(name));
  if (beginning.length > 0) return beginning;
  const having = names.filter((each) => each.includes(name));
  if (having.length > 0) return having;
  const near = nearestKey(name, names);
  return near === null ? [] : [near];
}

function isHelp(arg: string): boolean {
  return arg === "--help" || arg === "-h";
}
