import { spawn } from "node:child_process";

/** Reads until nobody holds the other end any more, which no way to die can prevent. */
const script = 'read -r _; kill -s KILL -- "-$1"';

/** Kills a process group as soon as this process is gone, by kill -9 too, until it is called off. */
export class DeathWatch {
  readonly #callOff: () => void;

  constructor(group: number) {
    // In a group of its own, and with nothing by which it could be taken for the app.
    const shell = spawn("/bin/sh", ["-c", script, "sh", String(group)], {
      cwd: "/",
      env: {},
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    shell.unref();
    // Without it the group is still killed at every exit that can be seen.
    shell.on("error", () => undefined);
    this.#callOff = () => shell.kill("SIGKILL");
  }

  callOff(): void {
    this.#callOff();
  }
}
