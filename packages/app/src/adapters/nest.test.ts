import { Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { expect, test } from "vitest";
import { serveNest } from "./nest.ts";

class AppModule {}
Module({})(AppModule);

test("leaves no listener of enableShutdownHooks on the process, called before or after", async () => {
  const before = process.listeners("SIGTERM");
  const app = await NestFactory.create(AppModule, new ExpressAdapter(), { logger: false });
  app.enableShutdownHooks();
  expect(process.listeners("SIGTERM")).toHaveLength(before.length + 1);
  const quiet = { logger: null, signals: [], exit: false, drainOnCrash: false };
  const service = serveNest(app, { ...quiet, drain: { delayMs: 0, lingerMs: 0 } });
  app.enableShutdownHooks();
  expect(process.listeners("SIGTERM")).toEqual(before);
  expect((await service.shutdown()).hooks).toMatchObject([{ name: "nest", outcome: "done" }]);
});
