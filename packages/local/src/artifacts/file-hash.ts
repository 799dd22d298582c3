import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { KnownBytes } from "./file-index.ts";

/** Hash and length of bytes in memory. */
export function hashBytes(data: Uint8Array): KnownBytes {
  return { sha256: createHash("sha256").update(data).digest("hex"), size: data.length };
}

/** Hash and length of a file, whatever its size. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<KnownBytes> {
  const hash = createHash("sha256");
  let size = 0;
  const stream = createReadStream(path, { highWaterMark: 1 << 20 });
  const consume = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of chunks) {
      hash.update(chunk);
      size += chunk.length;
    }
  };
  await (signal === undefined ? pipeline(stream, consume) : pipeline(stream, consume, { signal }));
  return { sha256: hash.digest("hex"), size };
}
