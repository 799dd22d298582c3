import { describe, test } from "vitest";
import * as express from "../../adapters/express.ts";
import * as fastify from "../../adapters/fastify.ts";
import * as hono from "../../adapters/hono.ts";
import * as koa from "../../adapters/koa.ts";
import * as nest from "../../adapters/nest.ts";
import { serve } from "../../serve.ts";
import { runCases } from "./run-cases.ts";
import { cases } from "./suite.ts";

const kit = { serve, ...express, ...fastify, ...hono, ...koa, ...nest };
/** Many at a time, which is more than the runner would do in one file. */
const outcomes = runCases(kit, cases);

describe.each([...new Set(cases.map(({ subject }) => subject))])("%s", (name) => {
  for (const each of cases.filter(({ subject }) => subject === name)) {
    test(each.clause, async () => {
      const outcome = await outcomes.get(each);
      if (outcome?.error !== undefined) throw outcome.error;
    });
  }
});
