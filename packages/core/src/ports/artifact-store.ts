import type { Artifact } from "../model/revision.ts";

/** Where an artifact comes from. */
export interface ArtifactSource {
  /** Absolute path of the app's folder. */
  readonly dir: string;
  readonly exclude: readonly string[];
  /** Absolute paths that are never part of it: the app file, `.hitless/`, env files. */
  readonly never: readonly string[];
}

export type FilesArtifact = Extract<Artifact, { kind: "files" }>;

/** Turns a folder into an artifact that never changes. */
export interface ArtifactStore {
  capture(source: ArtifactSource, signal?: AbortSignal): Promise<FilesArtifact>;
  /** What `capture` would return; stores nothing. */
  digestOf(source: ArtifactSource, signal?: AbortSignal): Promise<FilesArtifact>;
}
