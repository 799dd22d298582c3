import {
  type Controller,
  followNotices,
  NoticeOutbox,
  openHookRunner,
  WebhookNotifier,
} from "@hitless/controller";
import {
  type App,
  type HookRunner,
  hookNotesShape,
  outboxShape,
  type SecretSource,
  type StateFile,
} from "@hitless/core";
import { type FileStore, type StateFolder, VersionedFile } from "@hitless/local";
import { localMachine } from "./local-machine.ts";
import { runLoad } from "./run-load.ts";

/** What a controller does outside the engine. */
export interface Outside {
  readonly hooks: HookRunner;
  /** Tells receivers what becomes of releases, until `signal` aborts. */
  follow(controller: Controller, signal: AbortSignal): Promise<void>;
}

export interface OutsideOptions {
  readonly app: string;
  readonly folder: StateFolder;
  readonly store: FileStore;
  readonly secrets: SecretSource;
  /** Throws when another controller may have written meanwhile. */
  readonly assertMine: () => void;
  /** The app as it is at present; null before there is one. */
  readonly current: () => App | null;
  /** For the event log. */
  readonly event: (text: string) => void;
}

/** Takes up the hooks and the notices that an earlier controller left. Throws as reading them does. */
export async function openOutside(options: OutsideOptions): Promise<Outside> {
  const { app, folder, store, secrets, current, event, assertMine } = options;
  const hooks = await openHookRunner({
    app,
    appDir: folder.appDir,
    machine: localMachine,
    secrets,
    notes: mine(new VersionedFile(folder.hooks, hookNotesShape), assertMine),
    runLoad,
    preview: () => current()?.route.preview,
    event,
  });
  const outbox = await NoticeOutbox.open({
    file: mine(new VersionedFile(folder.notices, outboxShape), assertMine),
    notifier: new WebhookNotifier(secrets),
    event,
  });
  return {
    hooks,
    follow: (controller, signal) => followNotices(controller, { outbox, store }, signal),
  };
}

/** A file that is written only while the state is this controller's. */
function mine<T>(file: StateFile<T>, assertMine: () => void): StateFile<T> {
  return {
    read: () => file.read(),
    write: async (value) => {
      assertMine();
      await file.write(value);
    },
  };
}
