export { ask, EngineBed } from "./engine-bed.ts";
