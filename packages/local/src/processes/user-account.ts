import { readFileSync } from "node:fs";
import { HitlessError } from "@hitless/core";

/** Whom a process runs as. */
export interface UserAccount {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
  readonly home: string;
}

/** Whom this process runs as. In a container that user need not have an account. */
export function ownUid(): number {
  return process.geteuid?.() ?? 0;
}

/**
 * The account of a name or number in /etc/passwd; null when it is the controller's own, which
 * needs no change. Throws `BAD_INPUT` when there is none, or when the controller is not root and
 * so cannot become another user.
 */
export function findAccount(user: string): UserAccount | null {
  const account = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map(parseLine)
    .find((entry) => entry !== null && (entry.name === user || String(entry.uid) === user));
  if (account === undefined || account === null) {
    throw new HitlessError("BAD_INPUT", `user ${user} is not in /etc/passwd`, {
      path: ["user"],
      next: "name a user of this machine, or leave user out",
    });
  }
  if (account.uid === ownUid()) return null;
  if (ownUid() === 0) return account;
  throw new HitlessError("BAD_INPUT", `cannot run as user ${user}: the controller is not root`, {
    path: ["user"],
    next: "run the controller as root, or as that user, or leave user out",
  });
}

function parseLine(line: string): UserAccount | null {
  const [name, , uid, gid, , home = "/"] = line.split(":");
  if (name === undefined || uid === undefined || gid === undefined) return null;
  return { name, uid: Number(uid), gid: Number(gid), home };
}
