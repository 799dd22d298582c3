import { z } from "zod";
import { must } from "./expectation.ts";

/** A path below `place` that cannot leave it, brought to its shortest form (`./a//b/` → `a/b`). */
export function pathInside(place: string, example: string) {
  const error = must(`a relative path inside ${place}, without "..", such as ${example}`);
  return z.string({ error }).refine(staysInside, { error }).transform(normalPath);
}

/** As `pathInside`, for something below `place` and not `place` itself. */
export function pathBelow(place: string, example: string) {
  const error = must(`a path below ${place}, such as ${example}`);
  return pathInside(place, example).refine((path) => path !== ".", { error });
}

function staysInside(path: string): boolean {
  return (
    path.trim() !== "" &&
    !/[\0\\]/u.test(path) &&
    !path.startsWith("/") &&
    !path.split("/").includes("..")
  );
}

function normalPath(path: string): string {
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  return names.length === 0 ? "." : names.join("/");
}
