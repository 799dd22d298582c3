export { cutEverywhere } from "./cut-everywhere.ts";
export { ask, EngineBed } from "./engine-bed.ts";
export { loseEveryWrite } from "./lost-writes.ts";
export { storeCallsOfALife } from "./state-history.ts";
