import type { Hook } from "../model/hook.ts";

/**
 * Gives each hook after the first of its name another one: `command`, `command 2`. What became of a
 * hook is noted by its name.
 */
export function namedApart(hooks: readonly Hook[]): readonly Hook[] {
  const taken = new Set<string>();
  return hooks.map((hook) => {
    let name = hook.name;
    for (let number = 2; taken.has(name); number += 1) name = `${hook.name} ${number}`;
    taken.add(name);
    return { ...hook, name };
  });
}
