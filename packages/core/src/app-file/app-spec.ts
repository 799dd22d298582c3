import type { Settings } from "../model/app.ts";
import type { RevisionContent } from "../model/revision.ts";
import type { ArtifactSpec } from "./artifact-schema.ts";
import type { AppFile } from "./schema.ts";
import { usualAnalysis } from "./usual-analysis.ts";

/** What an app file declares, with every default filled in. Paths are relative to the file's folder. */
export interface AppSpec {
  readonly name: string;
  readonly settings: Settings;
  /** What to capture as the artifact of a revision. */
  readonly artifact: ArtifactSpec;
  /** Read when a revision is made; its values become `run.env`. */
  readonly envFile: string | null;
  /** The revision but for its artifact; `run.env` is empty until `envFile` has been read. */
  readonly content: Omit<RevisionContent, "artifact">;
}

/** Sorts the keys of a parsed app file into settings and revision. */
export function appSpecOf(file: AppFile): AppSpec {
  const { name, artifact, envFile, replicas, strategy, host, port } = file;
  const { progressDeadlineSeconds, keepRevisions, proxy, metrics, windows } = file;
  return {
    name,
    settings: {
      ...{ replicas, strategy, host, port, progressDeadlineSeconds, keepRevisions, proxy },
      ...analysisOf(file),
      ...(metrics ? { metricsPort: metrics.port } : {}),
      ...(windows == null || windows.length === 0 ? {} : { windows }),
      ...besideOf(file),
    },
    artifact,
    envFile: envFile ?? null,
    content: contentOf(file),
  };
}

/** An empty list says that nothing is to be watched. */
function analysisOf({ analysis, strategy }: AppFile): Pick<Settings, "analysis"> {
  const metrics = analysis ?? usualAnalysis(strategy);
  return metrics.length === 0 ? {} : { analysis: metrics };
}

function besideOf({ hooks, notifications }: AppFile): Pick<Settings, "hooks" | "notifications"> {
  return { ...(hooks ? { hooks } : {}), ...(notifications ? { notifications } : {}) };
}

/** A secret that an app file names, and where. */
export interface NamedSecret {
  readonly name: string;
  readonly path: readonly (string | number)[];
}

/** The secrets that a controller needs for it, those of notifications included. */
export function secretsNamedIn({ content, settings }: AppSpec): readonly NamedSecret[] {
  return [
    ...content.secrets.map((name, index) => ({ name, path: ["secrets", index] })),
    ...(settings.notifications ?? []).flatMap(({ secret }, index) =>
      secret === null ? [] : [{ name: secret, path: ["notifications", index, "secret"] }],
    ),
  ];
}

function contentOf(file: AppFile): AppSpec["content"] {
  const { cwd, stopSignal, probes, resources, drain, minReadySeconds } = file;
  return {
    version: file.version ?? null,
    run: {
      command: file.run,
      cwd,
      user: file.user ?? null,
      env: {},
      stopSignal,
      persist: file.persist ?? [],
    },
    config: file.config ?? {},
    secrets: file.secrets ?? [],
    probes,
    resources,
    drain,
    minReadySeconds,
    schema: { needs: 0, runsOn: { from: 0, to: null } },
  };
}
