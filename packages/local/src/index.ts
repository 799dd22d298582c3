export { LocalArtifactStore } from "./artifacts/artifact-store.ts";
export { LocalEngine, type LocalEngineOptions, type MetClients } from "./local-engine.ts";
export { parsePortRange } from "./processes/parse-port-range.ts";
export { commandLine, inheritedEnvironment } from "./processes/process-environment.ts";
export { isGroupEmpty, signalGroup } from "./processes/process-group.ts";
export {
  identify,
  isAlive,
  isSameIdentity,
  type ProcessIdentity,
} from "./processes/process-identity.ts";
export { findAccount } from "./processes/user-account.ts";
export { proxyRuns } from "./routing/proxy-runs.ts";
export { EnvironmentSecrets } from "./secrets/environment-secrets.ts";
export { assertRoom } from "./state/assert-room.ts";
export {
  acquireLock,
  type ControllerLock,
  controllerOf,
  isNamedIn,
  leaseHolderOf,
} from "./state/controller-lock.ts";
export { explainDisk } from "./state/disk-fault.ts";
export { FileStore } from "./state/file-store.ts";
export { FolderWatch } from "./state/folder-watch.ts";
export { mendState } from "./state/mend-state.ts";
export { socketAnswers } from "./state/socket-answers.ts";
export {
  createState,
  locateState,
  makeSocketFolder,
  removeSocketFolder,
  type StateFolder,
} from "./state/state-folder.ts";
export { VersionedFile } from "./state/versioned-file.ts";
export { tidyState } from "./tidy.ts";
export { TraceFile } from "./traces/trace-file.ts";
