import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { groupRuns } from "./process-group.ts";
import { until } from "./testing/until.ts";

const starter = `
import { AppProcess } from ${JSON.stringify(new URL("./app-process.ts", import.meta.url).href)};
const app = await AppProcess.start({ command: "sleep 60 & sleep 60" });
console.log(app.pid);`;

test("a copy of the app does not outlive who started it, kill -9 included", async () => {
  const tsx = ["--conditions=@hitless/source", "--import", "tsx", "--input-type=module"];
  const parent = spawn(process.execPath, [...tsx, "-e", starter], {
    cwd: import.meta.dirname,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(parent.stdout, "data");
  const group = Number(String(line));
  expect(groupRuns(group)).toBe(true);
  parent.kill("SIGKILL");
  await until(() => !groupRuns(group));
});
