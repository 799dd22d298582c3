import { mutantsOf } from "./mutant.ts";

/** Sabotages of what waits until a change is seen at its far end. */
export const barrierMutants = [
  ...mutantsOf(
    "packages/local/src/routing/router.ts",
    [
      "table-on-its-way-forgotten",
      "a replica counts as unrouted before the workers have dropped it",
      "return this.inForce.some((u) => u.id === id) || this.onTheWay.some((u) => u.id === id);",
      "return this.options.table().replicas.some((u) => u.id === id);",
    ],
    [
      "acknowledged-when-sent",
      "a table is in force as soon as it was sent",
      "await client.apply(table, this.ending.signal);",
      "void client.apply(table, this.ending.signal);",
    ],
    [
      "older-push-answers-newer",
      "who asked for a newer table is answered by an older one",
      "const done = this.waiters.filter((w) => w.version <= version);",
      "const done = this.waiters;",
    ],
    [
      "lost-holder-not-replaced",
      "a proxy that died stays away until somebody asks",
      "this.push().catch(() => undefined);",
      "",
    ],
  ),
  ...mutantsOf(
    "packages/local/src/replicas/admission.ts",
    [
      "late-admission-wins",
      "a replica that leaves is routed again by an admission under way",
      "const isWanted = (): boolean => turn === this.#turn && !this.#signal.aborted;",
      "const isWanted = (): boolean => !this.#signal.aborted;",
    ],
    [
      "admitted-before-recorded",
      "the next controller takes a serving replica out of the route",
      "record.admitted = true;\n      record.served = true;\n      await this.#host.save().catch(unlessDiskFault);",
      "record.admitted = true;\n      record.served = true;",
    ],
  ),
  ...mutantsOf("packages/proxy/src/holder/holder.ts", [
    "holder-does-not-wait",
    "a table is acknowledged before the worker has it",
    "await this.#crew.acknowledged(request.table.generation);",
    "",
  ]),
  ...mutantsOf("packages/proxy/src/holder/table-keeper.ts", [
    "older-table-accepted",
    "a late table brings back what was withdrawn",
    "if (inForce !== null && table.generation <= inForce.generation) {",
    "if (inForce !== null && table.generation <= inForce.generation - 1e9) {",
  ]),
  ...mutantsOf("packages/proxy/src/worker/replica.ts", [
    "idle-connections-survive",
    "connections to a replica that left stay in the pool",
    "this.inTable = false;\n    this.#idle.clear();",
    "this.#idle.clear();",
  ]),
  ...mutantsOf(
    "packages/local/src/probes/prober.ts",
    [
      "stranger-believed",
      "another program on the port passes for the replica",
      'if (holder.kind === "ours") return said;',
      'if (holder.kind !== "nobody") return said;',
    ],
    [
      "ready-at-the-first-answer",
      "successThreshold is not asked for",
      'if (verdict !== "ready" && count.successes >= probe.successThreshold) {',
      'if (verdict !== "ready" && count.successes >= 1) {',
    ],
  ),
];
