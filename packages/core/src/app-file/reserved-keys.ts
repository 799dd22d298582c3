/** Keys that belong to the app file and that this version cannot act on, by path. */
const reserved = new Map([
  ["image", "use run, with the files of this folder"],
  ["migrations", "run them before the release, in steps that the old version can live with"],
  ["processes", "give each process an app file of its own"],
  ["probes.startup.grpc", "use path, port or command"],
  ["probes.liveness.grpc", "use path, port or command"],
  ["probes.readiness.grpc", "use path, port or command"],
]);

/** What to do instead of a reserved key; undefined when the key is not reserved. */
export function insteadOf(path: string): string | undefined {
  return reserved.get(path);
}
