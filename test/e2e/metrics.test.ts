import { createServer } from "node:net";
import { expect, test } from "vitest";
import { AppBed, freePort, until } from "../bed/app-bed.ts";

/** What is exposed of a metric, by its labels; null: nobody answers. */
async function seriesOf(
  port: number,
  name: string,
): Promise<Readonly<Record<string, number>> | null> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => null);
  if (answer === null) return null;
  const lines = (await answer.text()).split("\n").filter((line) => line.startsWith(`${name}{`));
  const parts = lines.map((line) => /\{app="shop",?(.*)\} (.*)$/u.exec(line) ?? []);
  return Object.fromEntries(parts.map(([, labels = "", value]) => [labels, Number(value)]));
}

/** Who answers at each target, as Prometheus is told of them; with the labels that it is told. */
async function targetsOf(port: number) {
  const groups: {
    targets: [string];
    labels: Readonly<Record<"app" | "revision" | "replica", string>>;
  }[] = JSON.parse(await (await fetch(`http://127.0.0.1:${port}/targets`)).text());
  return Promise.all(
    groups.map(async ({ targets: [address], labels }) => {
      const { app, revision, replica } = JSON.parse(
        await (await fetch(`http://${address}/`)).text(),
      );
      return { told: labels, answered: { app, revision, replica } };
    }),
  );
}

test("metrics follow a release, and their port follows the setting without one", async () => {
  const [port, other] = [await freePort(), await freePort()];
  const settings = { replicas: 2, metrics: { port } };
  await using bed = await AppBed.make({ app: "shop/1.0", settings });
  await bed.must(0, "up", "--detach");
  for (let n = 0; n < 20; n += 1) await bed.ask();
  expect(await seriesOf(port, "hitless_up")).toEqual({ "": 1 });
  expect(await seriesOf(port, "hitless_replicas_serving")).toEqual({ "": 2 });
  await until(async () => {
    const counted = await seriesOf(port, "hitless_requests_total");
    return counted?.['revision="1",class="ok"'] === 20;
  }, "20 requests are counted");
  expect(await seriesOf(port, "hitless_request_duration_seconds_count")).toEqual({
    'revision="1"': 20,
  });

  await bed.must(0, "release", "--set", "config.GREETING=servus", "--wait");
  expect(await seriesOf(port, "hitless_app_info")).toEqual({ 'stable="2",version="1.0"': 1 });
  expect(await seriesOf(port, "hitless_releases_total")).toMatchObject({
    'outcome="succeeded"': 2,
  });

  const targets = await targetsOf(port);
  expect(targets.map(({ told }) => told.revision)).toEqual(["2", "2"]);
  for (const { told, answered } of targets) expect(answered).toEqual(told);

  const pids = (await bed.status()).replicas.map((replica) => replica.process);
  {
    await using _stranger = createServer().listen(other, "127.0.0.1");
    await bed.must(0, "release", "--set", `metrics.port=${other}`, "--wait");
    await until(async () => (await seriesOf(port, "hitless_up")) === null, "the old port is left");
    const told = async () => (await bed.must(0, "events")).stdout.includes(`127.0.0.1:${other}: `);
    await until(told, "the events say that the port is taken");
  }
  await until(async () => (await seriesOf(other, "hitless_up")) !== null, "the port is taken up");
  expect((await bed.status()).replicas.map((replica) => replica.process)).toEqual(pids);
});
