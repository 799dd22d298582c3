import { fileURLToPath } from "node:url";

/** The folder of a version of the example shop, such as `1.0` or `bad/never-ready`. */
export function shopFolder(version: string): string {
  return fileURLToPath(new URL(`../../../../examples/shop/${version}`, import.meta.url));
}
