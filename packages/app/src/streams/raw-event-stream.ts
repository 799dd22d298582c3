import { type Answer, isEncoded, isHttp1 } from "../answer.ts";
import type { LiveStream } from "./streams.ts";

/**
 * Ends server-sent events that we did not write ourselves. Without an empty line after `retry`, an event that
 * was half written is dropped by the client, as the standard has it, instead of being taken for a whole one.
 */
export function rawEventStream(answer: Answer): LiveStream {
  return {
    end(retryMs) {
      const connection = isHttp1(answer) ? answer.socket : null;
      // Whoever goes on writing to it must not crash the process on its way out.
      answer.on("error", () => {});
      answer.once("finish", () => connection?.end());
      if (isEncoded(answer)) answer.end();
      else answer.end(`retry: ${retryMs}\n`);
      silence(answer);
    },
    destroy: () => void answer.destroy(),
  };
}

/** Whoever does not know that it has ended goes on writing: that would reset a stream of HTTP/2. */
function silence(answer: Answer): void {
  for (const name of ["write", "end"]) {
    Object.defineProperty(answer, name, { value: () => false, configurable: true, writable: true });
  }
}
