/** The folder an artifact is made from. */
export interface ArtifactSource {
  /** Absolute path of the folder. */
  readonly dir: string;
  /** Patterns of `artifact.exclude` and the names in `persist`; see `compileExcludes`. */
  readonly exclude: readonly string[];
  /** Absolute paths that are never part of it: the app file, `.hitless`, envFiles. */
  readonly never: readonly string[];
}
