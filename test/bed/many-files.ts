import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

const filesPerFolder = 300;
const atOnce = 64;

/** Fills a folder with `files` files of varied sizes, `bytes` together; each has bytes of its own. */
export async function makeManyFiles(
  folder: string,
  { files, bytes }: { readonly files: number; readonly bytes: number },
): Promise<void> {
  const sizes = sizesOf(files, bytes);
  for (let first = 0; first < files; first += filesPerFolder) {
    const inside = folderOf(folder, first);
    await mkdir(inside, { recursive: true });
    const last = Math.min(first + filesPerFolder, files);
    for (let from = first; from < last; from += atOnce) {
      const numbers = Array.from({ length: Math.min(atOnce, last - from) }, (_, n) => from + n);
      await Promise.all(
        numbers.map((n) => writeFile(manyFilesPath(folder, n), content(n, sizes[n] ?? 0))),
      );
    }
  }
}

/** Where the file of that number lies. */
export function manyFilesPath(folder: string, number: number): string {
  return join(folderOf(folder, number), `${number}.bin`);
}

function folderOf(folder: string, number: number): string {
  return join(folder, String(Math.floor(number / filesPerFolder)));
}

/** From a tenth of the mean to five times the mean; a few are empty, one in a thousand is large. */
function sizesOf(files: number, bytes: number): readonly number[] {
  const weights = Array.from({ length: files }, (_, n) => {
    if (n % 500 === 0) return 0;
    return n % 1000 === 1 ? 150 : 0.1 + ((n * 7919) % 100) / 50;
  });
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => Math.floor((weight / sum) * bytes));
}

function content(number: number, size: number): Buffer {
  return Buffer.alloc(size, `bytes of file ${number}; `);
}
