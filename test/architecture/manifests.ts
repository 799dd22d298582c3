import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { forTestsToo, house, workspaceOf } from "./house.ts";

interface Manifest {
  readonly dependencies?: object;
  readonly devDependencies?: object;
  readonly peerDependencies?: object;
  readonly optionalDependencies?: object;
}

/** Why each dependency that a package declares against the house is refused. */
export function refusedDependencies(root: string, workspace: string): readonly string[] {
  const room = house[workspace];
  if (room === undefined) return [`${workspace} has no row in test/architecture/house.ts`];
  const path = join(root, "packages", workspace, "package.json");
  if (!existsSync(path)) return ["there is no package.json"];
  const manifest: Manifest = JSON.parse(readFileSync(path, "utf8"));
  const refusedOurs = (allowed: readonly string[]) => (name: string) => {
    const target = workspaceOf(name);
    return target !== null && !allowed.includes(target);
  };
  const runtime = Object.keys({
    ...manifest.dependencies,
    ...manifest.optionalDependencies,
  });
  const declared = [...runtime, ...Object.keys(manifest.peerDependencies ?? {})];
  const foreign = runtime.filter((name) => workspaceOf(name) === null);
  const refused = [
    ...declared.filter(refusedOurs(room.ours)),
    ...Object.keys(manifest.devDependencies ?? {}).filter(
      refusedOurs([...room.ours, ...forTestsToo]),
    ),
    ...foreign.filter((name) => room.others !== null && !room.others.includes(name)),
  ];
  return refused.map((name) => `${workspace} may not depend on ${name}`);
}
