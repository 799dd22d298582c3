import type { StatusReport } from "@hitless/controller";
import { z } from "zod";

/** The processes that are not replicas: who decides, and who carries the requests. */
export interface Lifelines {
  readonly controller: number;
  readonly holder: number;
  readonly workers: readonly number[];
}

const engineSchema = z.object({
  proxy: z.object({
    holderPid: z.number(),
    workers: z.array(z.object({ pid: z.number() })),
  }),
});

/** Their process ids, as the status names them. Throws when the proxy is not in it. */
export function lifelinesOf(status: StatusReport): Lifelines {
  const { proxy } = engineSchema.parse(status.engine);
  const workers = proxy.workers.map(({ pid }) => pid);
  return { controller: status.controller.pid, holder: proxy.holderPid, workers };
}
