import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseEnv } from "node:util";
import {
  type AppSpec,
  type Artifact,
  type ArtifactSource,
  type ArtifactStore,
  contentOf,
  failpoint,
  HitlessError,
  type ReleaseStore,
  type Revision,
  type RevisionContent,
} from "@hitless/core";

/** Where an app file lies; paths inside it are relative to `appDir`. Both absolute. */
export interface AppPlace {
  readonly appDir: string;
  readonly appFile: string;
}

/** Makes revisions: captures the artifact, reads the env file, takes the digest, gives the number. */
export class RevisionMaker {
  private readonly store: ReleaseStore;
  private readonly artifacts: ArtifactStore;

  constructor(store: ReleaseStore, artifacts: ArtifactStore) {
    this.store = store;
    this.artifacts = artifacts;
  }

  /** The content of a revision, its artifact stored. Throws BAD_INPUT, FILE_NOT_FOUND. */
  async contentOf(spec: AppSpec, place: AppPlace): Promise<RevisionContent> {
    const source = sourceOf(spec, place);
    const artifact: Artifact =
      source === null
        ? { kind: "none", dir: place.appDir }
        : await this.artifacts.capture(source).then(filesOnly);
    return withArtifact(spec, place, artifact);
  }

  /** What `contentOf` would return, with nothing stored. */
  async plannedContent(spec: AppSpec, place: AppPlace): Promise<RevisionContent> {
    const source = sourceOf(spec, place);
    const artifact: Artifact =
      source === null
        ? { kind: "none", dir: place.appDir }
        : await this.artifacts.digestOf(source).then(filesOnly);
    return withArtifact(spec, place, artifact);
  }

  digestOf(content: RevisionContent): string {
    return digestOf(content);
  }

  /** Stores a new revision under the next number, which nobody was ever told of another one. */
  async make(content: RevisionContent, cause: string): Promise<Revision> {
    const numbers = await this.store.revisions();
    const history = await this.store.history();
    const asked = (await this.store.load())?.revisions ?? 0;
    const used = [...numbers, ...history.map((r) => r.to), asked];
    const revision: Revision = {
      ...content,
      number: Math.max(0, ...used) + 1,
      digest: digestOf(content),
      cause,
      createdAt: Date.now(),
    };
    await failpoint("revision-due");
    await this.store.addRevision(revision);
    await failpoint("revision-added");
    return revision;
  }

  /** A new revision with the content of an old one. */
  again(old: Revision, cause: string): Promise<Revision> {
    return this.make(contentOf(old), cause);
  }
}

export function sameContent(revision: Revision, digest: string): boolean {
  return revision.digest === digest;
}

/** Equal contents have equal digests, whatever the order of their keys. */
function digestOf(content: RevisionContent): string {
  return createHash("sha256").update(canonical(content)).digest("hex");
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`).join(",")}}`;
}

function sourceOf(spec: AppSpec, place: AppPlace): ArtifactSource | null {
  if (spec.artifact.kind === "none") return null;
  const never = [place.appFile, join(place.appDir, ".hitless")];
  if (spec.envFile !== null) never.push(resolve(place.appDir, spec.envFile));
  return {
    dir: resolve(place.appDir, spec.artifact.dir),
    exclude: [...spec.artifact.exclude, ...spec.content.run.persist.map((name) => `/${name}`)],
    never,
  };
}

async function withArtifact(
  spec: AppSpec,
  place: AppPlace,
  artifact: Artifact,
): Promise<RevisionContent> {
  const env = spec.envFile === null ? {} : await readEnv(resolve(place.appDir, spec.envFile));
  return { ...spec.content, artifact, run: { ...spec.content.run, env } };
}

async function readEnv(path: string): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new HitlessError("FILE_NOT_FOUND", `envFile ${path} cannot be read`, {
      cause,
      path: ["envFile"],
    });
  });
  const parsed = Object.entries(parseEnv(text));
  return Object.fromEntries(parsed.flatMap(([k, v]) => (v === undefined ? [] : [[k, v]])));
}

function filesOnly(artifact: Extract<Artifact, { kind: "files" }>): Artifact {
  const { kind, digest, files, bytes } = artifact;
  return { kind, digest, files, bytes };
}
