/** Files above this size, in bytes, may be linked into a checkout instead of copied. */
export const linkAboveBytes = 1_000_000;

/**
 * The permission bits that an artifact keeps: 0o644 or 0o755 by the owner's execute bit, 0o600 or 0o700
 * where group and others had no access at all (a private key stays usable). So neither the umask nor
 * the set-user-id bit of the machine that built the folder is part of a digest.
 */
export function keptMode(mode: number): number {
  const isPrivate = (mode & 0o077) === 0;
  const isExecutable = (mode & 0o100) !== 0;
  if (isPrivate) return isExecutable ? 0o700 : 0o600;
  return isExecutable ? 0o755 : 0o644;
}

/** Whether a file may share its blob's inode, which has one mode for all who link it. */
export function isLinkable(file: { readonly mode: number; readonly size: number }): boolean {
  return file.size > linkAboveBytes && (file.mode & 0o044) !== 0;
}

/** Name of a file's bytes in the store. A linkable executable has a blob of its own: 0o555, not 0o444. */
export function blobKey(file: {
  readonly mode: number;
  readonly size: number;
  readonly sha256: string;
}): string {
  return isLinkable(file) && (file.mode & 0o100) !== 0 ? `${file.sha256}.x` : file.sha256;
}
