import { createServer } from "node:net";
import { HitlessError } from "@hitless/core";
import { portOwner } from "@hitless/proxy";
import type { LoadedAppFile } from "../app-file/read-app-file.ts";
import { located } from "../located.ts";

/** Whether clients' port is free. Throws PORT_TAKEN at its place in the file when it is not. */
export async function portIsFree(file: LoadedAppFile): Promise<void> {
  const { host, port } = file.spec.settings;
  const refused = await new Promise<NodeJS.ErrnoException | null>((done) => {
    const server = createServer();
    server.once("error", done);
    server.listen({ host, port }, () => server.close(() => done(null)));
  });
  if (refused === null) return;
  throw located(
    file,
    new HitlessError(
      "PORT_TAKEN",
      `port is ${port}, but ${host}:${port} ${await reasonOf(refused, port)}`,
      {
        path: ["port"],
        next: "Stop that process, or choose another port.",
        cause: refused,
      },
    ),
  );
}

async function reasonOf(refused: NodeJS.ErrnoException, port: number): Promise<string> {
  if (refused.code !== "EADDRINUSE") return `cannot be used: ${refused.message}`;
  const pid = await portOwner(port);
  return `is held by ${pid === null ? "a process of another user" : `process ${pid}`}`;
}
