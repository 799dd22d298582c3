export { type LoadedAppFile, readAppFile } from "./read-app-file.ts";
