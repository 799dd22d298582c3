import { connect } from "node:net";
import { hasErrno } from "./errno.ts";

/** Whether a process listens on the unix socket at `path`; one that was stopped does too. */
export function socketAnswers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    // Any other error, a full backlog say, comes from somebody who is there.
    probe.once("error", (error) => resolve(!hasErrno(error, "ENOENT", "ECONNREFUSED", "ENOTSOCK")));
  });
}
