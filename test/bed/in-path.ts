import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** How to get the programs that others are measured with. */
export const debianPackages = "apt-get install nginx haproxy wrk";

/** Whether that program can be started by its name. */
export function isInPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
