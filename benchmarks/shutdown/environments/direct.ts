import type { Environment } from "./environment.ts";

/**
 * As kube-proxy does it: a connection goes to one of both and stays there; once A is removed, new
 * ones go to B, and those that are open stay with A.
 */
export const direct: Environment = {
  name: "direct",
  what: "Behind nothing: each connection goes to one of both, to A until 1.5 s after the SIGTERM",
  tells: "others",
  missing: null,
  setUp: async ({ a, b, random }) => {
    let removed = false;
    return {
      nextPort: () => (removed || random() < 0.5 ? b : a).port,
      removeA: async () => {
        removed = true;
      },
      causes: async () => ({}),
      [Symbol.asyncDispose]: async () => undefined,
    };
  },
};
