import { HitlessError, messageOf } from "@hitless/core";

/** `BAD_INPUT` for a file or folder of the source that cannot be read, with what to do about it. */
export function unreadableSource(path: string, cause: unknown): HitlessError {
  const reason = messageOf(cause);
  const user = process.getuid?.();
  const reader = user === undefined ? "this user" : `user id ${user}`;
  return new HitlessError("BAD_INPUT", `cannot read ${path}: ${reason}`, {
    path: ["artifact", "dir"],
    next: `make it readable for ${reader}, or leave it out with artifact.exclude`,
    cause,
  });
}

/** `FILE_NOT_FOUND` for a source folder that is not there. */
export function missingFolder(dir: string, cause: unknown): HitlessError {
  return new HitlessError("FILE_NOT_FOUND", `the artifact's folder ${dir} does not exist`, {
    path: ["artifact", "dir"],
    next: "name the folder that holds what the app runs",
    cause,
  });
}

/** `BAD_INPUT` for a file whose name is not text. */
export function unusableName(path: string, cause: unknown): HitlessError {
  return new HitlessError("BAD_INPUT", `the name of ${path} is not valid UTF-8`, {
    path: ["artifact", "exclude"],
    next: "rename the file, or leave out its folder with artifact.exclude",
    cause,
  });
}
