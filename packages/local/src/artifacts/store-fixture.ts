import { execFileSync } from "node:child_process";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { LocalArtifactStore } from "./artifact-store.ts";

/** Above the size from which a checkout links files. */
export const large = Buffer.alloc(1_200_000, "x");

const nobody = 65_534;

/** A source folder and a store below one temporary folder, for tests. */
export class StoreFixture implements Disposable {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "hitless-artifacts-")));
  readonly src = join(this.folder, "src");
  readonly storeFolder = join(this.folder, "store");
  readonly store = new LocalArtifactStore(this.storeFolder);

  constructor() {
    mkdirSync(this.src);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** From here on this process is nobody in particular: root may read everything. */
  asOrdinaryUser(): Disposable {
    if (process.getuid?.() !== 0) return { [Symbol.dispose]: () => undefined };
    execFileSync("chown", ["-R", String(nobody), this.folder]);
    process.seteuid?.(nobody);
    return { [Symbol.dispose]: () => process.seteuid?.(0) };
  }

  write(path: string, data: string | Buffer, mode = 0o644): void {
    const file = join(this.src, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, data);
    chmodSync(file, mode);
  }

  source(exclude: readonly string[] = [], never: readonly string[] = []) {
    return { dir: this.src, exclude, never };
  }

  revision(n: number): string {
    return join(this.folder, "revisions", String(n));
  }

  checkout(digest: string, n: number, ...names: readonly string[]): Promise<void> {
    const persist = { names, root: join(this.folder, "persist") };
    return this.store.checkout(digest, this.revision(n), { persist });
  }
}

/** Every path below a folder with what it is, as text. */
export function picture(root: string): Record<string, string> {
  const found: Record<string, string> = {};
  const names = readdirSync(root, { recursive: true, encoding: "utf8" });
  for (const name of names) {
    const path = join(root, name);
    const stats = lstatSync(path);
    const executable = (stats.mode & 0o100) !== 0 ? "x" : "-";
    if (stats.isDirectory()) found[name] = "dir";
    else if (stats.isSymbolicLink()) found[name] = `-> ${readlinkSync(path)}`;
    else found[name] = `${executable} ${readFileSync(path).toString("base64")}`;
  }
  return found;
}

/** Absolute paths of all files below a folder. */
export function allFiles(root: string): readonly string[] {
  const names = readdirSync(root, { recursive: true, encoding: "utf8" });
  return names.map((name) => join(root, name)).filter((path) => statSync(path).isFile());
}
