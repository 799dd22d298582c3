import { expect, test } from "vitest";
import { AppBed, isRunning } from "../bed/app-bed.ts";

const settings = { replicas: 1 };

/** One answer, of the app or not. */
async function ask(bed: AppBed, accept = "*/*") {
  const answer = await fetch(bed.url, { headers: { connection: "close", accept } });
  const { status, headers } = answer;
  return { status, reason: headers.get("x-hitless-reason"), text: await answer.text() };
}

test("maintenance keeps requests from the app until it is ended, whoever runs the controller", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings });
  await bed.must(0, "up", "--detach");
  const before = await bed.ask();

  const on = await bed.must(0, "maintenance", "on", "--hold", "0", "-m", "Back at noon.");
  expect(on.stderr).toContain('maintenance "off" → "on, after 0 s: Back at noon."');
  expect(await ask(bed)).toMatchObject({ status: 503, reason: "maintenance" });
  expect((await ask(bed, "text/html")).text).toContain("<p>Back at noon.</p>");
  expect((await bed.must(0, "status")).stdout).toContain("get a 503: Back at noon.");
  expect((await bed.must(0, "why")).stdout).toContain("get a 503: Back at noon.");

  await bed.killController();
  expect((await bed.must(0, "why")).stdout).toContain("get a 503: Back at noon.");
  await bed.must(0, "up", "--detach");
  expect((await bed.status()).maintenance).toMatchObject({ message: "Back at noon.", holdMs: 0 });
  await bed.must(0, "release", "--set", "config.GREETING=salut", "--wait");
  expect(await ask(bed)).toMatchObject({ status: 503, reason: "maintenance" });

  await bed.must(0, "maintenance", "off");
  const after = await bed.ask();
  expect([after.config["GREETING"], isRunning(before.pid)]).toEqual(["salut", false]);
  const { stdout } = await bed.must(0, "audit");
  expect(stdout).toMatch(/maintenance on holdMs=0 message="Back at noon\." +accepted/);
  expect(stdout).toMatch(/maintenance off +accepted +maintenance: on → off/);
});

test("a request that comes in maintenance waits for its end", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings });
  await bed.must(0, "up", "--detach");
  await bed.must(0, "maintenance", "on", "--hold", "30s");
  let answered = false;
  const answer = ask(bed).finally(() => {
    answered = true;
  });
  await bed.must(0, "status");
  expect(answered).toBe(false);
  await bed.must(0, "maintenance", "off");
  expect(await answer).toMatchObject({ status: 200, reason: null });
});

test("what makes no sense of maintenance is refused, and changes nothing", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings });
  await bed.must(0, "up", "--detach");
  await bed.must(2, "maintenance", "on", "--hold", "2m");
  await bed.must(2, "maintenance", "off", "-m", "text");
  await bed.must(2, "maintenance", "perhaps");
  expect((await bed.status()).maintenance).toBeNull();
  await bed.must(0, "maintenance", "off");
});
