/** Whether the system reported one of these codes, `hasErrno(error, 'ENOENT', 'ENOTDIR')`. */
export function hasErrno(error: unknown, ...codes: readonly string[]): boolean {
  if (!(error instanceof Error && "code" in error)) return false;
  return typeof error.code === "string" && codes.includes(error.code);
}
