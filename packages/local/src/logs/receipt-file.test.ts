import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exampleReceipt } from "@hitless/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findAccount, ownUid } from "../processes/user-account.ts";
import { makeReceiptFile, readReceiptFile, receiptFileOf } from "./receipt-file.ts";

let dir = "";
let path = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hitless-receipt-"));
  path = receiptFileOf(join(dir, "logs", "3-9", "2.log"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const text = JSON.stringify(exampleReceipt);
const modeOf = async (file: string) => ((await stat(file)).mode & 0o777).toString(8);

it("lies beside the log", () => {
  expect(path).toBe(join(dir, "logs", "3-9", "2.receipt.json"));
});

describe("a receipt file", () => {
  it("is none until the app writes to it", async () => {
    await makeReceiptFile(path, null);
    expect(await readReceiptFile(path)).toEqual({ kind: "none" });
    await writeFile(path, text);
    expect(await readReceiptFile(path)).toMatchObject({
      kind: "receipt",
      receipt: { finished: 12 },
    });
  });

  it("is empty again for a start that has the number of an earlier one", async () => {
    await makeReceiptFile(path, null);
    await writeFile(path, text);
    await makeReceiptFile(path, null);
    expect(await readReceiptFile(path)).toEqual({ kind: "none" });
  });

  it("is for its user alone, in a folder that others only pass through", async () => {
    await mkdir(join(dir, "logs", "3-9"), { recursive: true });
    await chmod(join(dir, "logs", "3-9"), 0o700);
    await makeReceiptFile(path, null);
    expect([await modeOf(path), await modeOf(join(path, ".."))]).toEqual(["600", "711"]);
  });

  it.runIf(ownUid() === 0)(
    "can be written to by the user of the app, and nothing else",
    async () => {
      const account = findAccount("nobody");
      if (account === null) throw new Error("there is no nobody");
      await chmod(dir, 0o711);
      await makeReceiptFile(path, "nobody");
      await chmod(join(dir, "logs"), 0o711);
      const as = { uid: account.uid, gid: account.gid, cwd: "/" };
      const script = `printf '%s' "$1" > "$2"; rm -f "$2"; ln -s /etc/passwd "$2.new"; ls "$2"`;
      const said = execFileSync("/bin/sh", ["-c", script, "sh", text, path], {
        ...as,
        stdio: ["ignore", "pipe", "ignore"],
      });
      expect(said.toString()).toBe(`${path}\n`);
      expect(await readReceiptFile(path)).toMatchObject({ kind: "receipt" });
    },
  );

  it("is done without where it cannot be made", async () => {
    await writeFile(join(dir, "logs"), "");
    await makeReceiptFile(path, "a user that nobody knows");
    await makeReceiptFile(path, null);
    expect(await readReceiptFile(path)).toMatchObject({ kind: "unreadable" });
  });
});

describe("what an app may leave in its place", () => {
  const left = async (leave: (file: string) => Promise<unknown> | unknown) => {
    await mkdir(join(path, ".."), { recursive: true });
    await leave(path);
    return readReceiptFile(path);
  };
  const unreadable = (why: RegExp) => ({ kind: "unreadable", why: expect.stringMatching(why) });

  it("nothing", async () => {
    expect(await left(() => undefined)).toEqual({ kind: "none" });
  });

  it("a link, which is not followed", async () => {
    await writeFile(join(dir, "elsewhere"), text);
    const link = await left((file) => symlink(join(dir, "elsewhere"), file));
    expect(link).toEqual(unreadable(/^it is a symbolic link$/u));
  });

  it("a folder or a pipe, which nobody waits for", async () => {
    expect(await left((file) => mkdir(file))).toEqual(unreadable(/no plain file/u));
    await rm(path, { recursive: true });
    const pipe = await left((file) => execFileSync("mkfifo", [file]));
    expect(pipe).toEqual(unreadable(/no plain file/u));
  });

  it("more than is read", async () => {
    const padded = (bytes: number) => text.padEnd(bytes);
    expect(await left((file) => writeFile(file, padded(16 * 1024)))).toMatchObject({
      kind: "receipt",
    });
    expect(await left((file) => writeFile(file, padded(16 * 1024 + 1)))).toEqual(
      unreadable(/^it has 16385 bytes, more than 16384$/u),
    );
  });

  it("half of one, or rubbish", async () => {
    expect(await left((file) => writeFile(file, text.slice(0, 99)))).toEqual(
      unreadable(/99 characters are no whole JSON/u),
    );
    expect(await left((file) => writeFile(file, Buffer.alloc(999, 0xff)))).toEqual(
      unreadable(/no whole JSON/u),
    );
  });
});
