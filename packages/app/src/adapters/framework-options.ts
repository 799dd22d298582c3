import type { ServeOptions, ShutdownHook } from "../options.ts";

/** For frameworks that have an end of their own. */
export interface FrameworkOptions extends ServeOptions {
  /** For the framework's own close, with the hooks it runs. Default 5000. */
  readonly closeTimeoutMs?: number | undefined;
}

/** The framework ends first, behind the last answer: its hooks may still use what `onShutdown` closes. */
export function endingWith(options: FrameworkOptions, close: ShutdownHook): ServeOptions {
  const { closeTimeoutMs: timeoutMs, onShutdown = [], ...others } = options;
  return { ...others, onShutdown: [{ ...close, timeoutMs }, ...onShutdown] };
}
