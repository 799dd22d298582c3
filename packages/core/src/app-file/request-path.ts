import { must } from "./expectation.ts";
import { text } from "./text.ts";

/** The path of a request, which may have a query. */
export const requestPath = text("a path that starts with /, such as /ready").refine(
  (path) => path.startsWith("/") && !/[\s#]/u.test(path),
  { error: must("a path that starts with / and has no space or #, such as /ready") },
);
