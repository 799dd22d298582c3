import type { Subject } from "../subject.ts";
import { expressSubjects } from "./express.ts";
import { fastifySubject } from "./fastify.ts";
import { honoSubject } from "./hono.ts";
import { koaSubject } from "./koa.ts";
import { nestSubjects } from "./nest.ts";
import { nodeSubjects } from "./node.ts";

/** Everything that the kit serves. */
export const subjects: readonly Subject[] = [
  ...nodeSubjects,
  ...expressSubjects,
  fastifySubject,
  koaSubject,
  honoSubject,
  ...nestSubjects,
];
