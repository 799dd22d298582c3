const inheritedNames = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR"];

/**
 * What a replica's process gets from the controller's own environment: `PATH`, `HOME`, `USER`,
 * `LOGNAME`, `SHELL`, `LANG`, `LC_*`, `TZ`, `TMPDIR`, and nothing else, so that two controllers
 * start the same replica alike.
 */
export function inheritedEnvironment(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && (inheritedNames.includes(name) || name.startsWith("LC_"))
        ? [[name, value]]
        : [],
    ),
  );
}

/**
 * Replaces `$NAME` and `${NAME}` in each argument by the environment's value. A name that the
 * environment lacks stays as it is written.
 */
export function expandArguments(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): readonly string[] {
  const reference = /\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g;
  return args.map((arg) =>
    arg.replace(reference, (written: string, braced?: string, bare?: string) => {
      const name = braced ?? bare ?? "";
      return Object.hasOwn(env, name) ? (env[name] ?? written) : written;
    }),
  );
}

/** The program and its arguments: a string is run by the shell, a list as it is. */
export function commandLine(
  command: string | readonly string[],
  env: Readonly<Record<string, string>>,
): readonly [program: string, args: readonly string[]] {
  if (typeof command === "string") return ["/bin/sh", ["-c", command]];
  const [program = "", ...args] = expandArguments(command, env);
  return [program, args];
}
