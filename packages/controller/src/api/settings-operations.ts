import {
  type App,
  type FreezeRequest,
  HitlessError,
  type MaintenanceRequest,
  type Origin,
  setFrozen,
  setMaintenance,
  setReplicas,
} from "@hitless/core";
import type { Asking, AuditTrail, Note } from "../audit/audit-trail.ts";
import type { Controller } from "../loop/controller.ts";
import { type Accepted, answer } from "./accepted.ts";

/** How long maintenance may take to be in force before that is said, ms. */
const inForceMs = 5_000;

/** Who asks for maintenance, or for its end. */
export type MaintenanceBody = MaintenanceRequest & { readonly by: string };

/** Who asks that no release begins, or that they may again. */
export type FreezeBody = FreezeRequest & { readonly by: string };

export interface ScaleBody {
  readonly replicas: number;
  readonly by: string;
}

export interface SettingsOptions {
  readonly controller: Controller;
  readonly trail: AuditTrail;
  /** Makes the data plane meet clients as the app says; resolves when all of it does. */
  readonly meetClients: (app: App) => Promise<void>;
}

/** What can be set of an app without a release. Each call is like those of `Operations`. */
export class SettingsOperations {
  private readonly options: SettingsOptions;

  constructor(options: SettingsOptions) {
    this.options = options;
  }

  /** Sets the number of replicas until the file's own number changes. */
  scale({ replicas, by }: ScaleBody, origin: Origin | null = null): Promise<Accepted> {
    const asked = { command: "scale", arguments: { replicas }, who: { name: by, origin } };
    return this.set(asked, {
      said: `scale to ${replicas} by ${by}`,
      change: (app) => setReplicas(app, replicas),
      isSo: (before) => before.desired.replicas === replicas,
    });
  }

  /**
   * Keeps requests from the app, or no longer; resolves when every worker of the proxy does so. Throws
   * STOPPED_WAITING when that takes too long: it will all the same.
   */
  maintenance(body: MaintenanceBody, origin: Origin | null = null): Promise<Accepted> {
    const { by, ...request } = body;
    const { kind, ...how } = request;
    const asked = { command: `maintenance ${kind}`, arguments: how, who: { name: by, origin } };
    const said = `maintenance ${kind} by ${by}`;
    return this.set(asked, {
      said,
      change: (app) => setMaintenance(app, request, { now: Date.now(), by }),
      enforce: (app) => inForce(this.options.meetClients(app), said),
    });
  }

  /** Lets no release begin, or lets them again; one that runs goes on. */
  freeze(body: FreezeBody, origin: Origin | null = null): Promise<Accepted> {
    const { by, ...request } = body;
    const { kind, ...why } = request;
    const command = kind === "on" ? "freeze" : "unfreeze";
    const asked = { command, arguments: why, who: { name: by, origin } };
    return this.set(asked, {
      said: `${command} by ${by}`,
      change: (app) => setFrozen(app, request, { now: Date.now(), by }),
    });
  }

  private set(asked: Asking, setting: Setting): Promise<Accepted> {
    const { said, change, isSo, enforce } = setting;
    const work = async (note: Note) => {
      const changed = await this.options.controller.transact(change, { said, note });
      await enforce?.(changed.after);
      const so = isSo?.(changed.before) ?? changed.before === changed.after;
      return answer(changed, { kind: so ? "nothing" : "settings", release: null, revision: null });
    };
    return this.options.trail.of(asked, work);
  }
}

interface Setting {
  readonly said: string;
  readonly change: (app: App) => App;
  /** Whether it was so before; default: nothing changed. */
  readonly isSo?: (before: App) => boolean;
  /** What has to be done before the answer. */
  readonly enforce?: (after: App) => Promise<void>;
}

async function inForce(met: Promise<void>, said: string): Promise<void> {
  const timeout = AbortSignal.timeout(inForceMs);
  const late = new Promise<"late">((resolve) => {
    timeout.addEventListener("abort", () => resolve("late"), { once: true });
  });
  if ((await Promise.race([met, late])) !== "late") return;
  const message = `${said} is noted, but not in force after ${inForceMs / 1000} s`;
  throw new HitlessError("STOPPED_WAITING", message, {
    next: "It will be once every proxy worker answers: see `hitless why`.",
  });
}
