/** `A=1 B="x y" ` in front of a command, and the rest. */
const assignments = /^((?:\s*[A-Za-z_]\w*=(?:"[^"]*"|'[^']*'|[^\s"'])*\s)*)\s*(.*)$/s;
/** With one of these, there is more than one command, or none that could take the shell's place. */
const needsShell = /[;&|\n(){}]|^(?:exec|cd|if|for|while|set|trap|\.|!)(?:\s|$)/;

/**
 * The command line with `exec`, so that a shell makes way for what it starts: `sh -c "node x"` stays
 * in front in some shells, and keeps the signal. Unchanged when it is no simple command.
 */
export function withoutShell(command: string): string {
  const [, before = "", rest = ""] = assignments.exec(command) ?? [];
  return rest === "" || needsShell.test(rest) ? command : `${before}exec ${rest}`;
}
