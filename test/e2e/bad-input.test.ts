import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AppBed } from "../bed/app-bed.ts";
import { badCommands, badFiles, goodAppFile } from "../bed/bad-inputs.ts";
import { refusalsOf, writeAppFile } from "../bed/refusal.ts";

// `npm run prove -- bad-input` hands every fault to every command; here each kind meets one.
const named = (what: string) => {
  const found = [...badFiles, ...badCommands].find((input) => input.what === what);
  if (found === undefined) throw new Error(`no bad input is called ${what}`);
  return found;
};

describe("bad input", () => {
  let fresh: AppBed;
  let running: AppBed;

  beforeAll(async () => {
    fresh = await AppBed.make({ app: "shop/1.0" });
    running = await AppBed.make({ app: "shop/1.0" });
    await writeAppFile(running, goodAppFile(running.port));
    await running.must(0, "up", "--detach");
  });

  afterAll(async () => {
    await writeAppFile(fresh, null);
    await fresh.close();
    await running.close();
  });

  it.each([
    "an unknown key",
    "no readiness probe",
    "a command that is not there",
    "an env file that is not there",
  ])("refuses the first `up` with %s and makes no state", async (what) => {
    const [refusal] = await refusalsOf(fresh, named(what), ["up --detach"]);

    expect(refusal?.faults).toEqual([]);
    expect(refusal?.changes).toEqual([]);
    expect(existsSync(join(fresh.dir, ".hitless"))).toBe(false);
  });

  it.each([
    ["a value of the wrong type", "release"],
    ["a secret without a value", "release"],
    ["an unknown revision", "rollback --to 99"],
    ["an unknown flag", "release --wiat"],
    ["a revision without a log", "logs --revision 99"],
    ["an --unset of what is not set", "release --unset config.NOPE"],
  ])("refuses %s on a running app and changes nothing", async (what, command) => {
    const [refusal] = await refusalsOf(running, named(what), [command]);

    expect(refusal?.faults).toEqual([]);
    expect(refusal?.changes).toEqual([]);
  });

  it("refuses a second controller by the process id of the first", async () => {
    const { controller } = await running.status();

    const second = await running.must(6, "up", "--detach");

    expect(second.stderr).toContain(`process ${controller.pid} is the controller of shop`);
    expect((await running.status()).controller.pid).toBe(controller.pid);
  });

  it("says that there is no controller with exit code 8", async () => {
    const { stderr } = await fresh.must(8, "status");

    expect(stderr).toContain("error NO_CONTROLLER: ");
  });
});
