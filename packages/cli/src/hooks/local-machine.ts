import type { HookMachine } from "@hitless/controller";
import {
  commandLine,
  identify,
  inheritedEnvironment,
  isGroupEmpty,
  signalGroup,
} from "@hitless/local";

/** Hooks run on the controller's own machine. */
export const localMachine: HookMachine = {
  environment: inheritedEnvironment,
  commandLine,
  identify,
  signalGroup: (leader, signal) => {
    signalGroup(leader, signal);
  },
  isGroupEmpty,
};
