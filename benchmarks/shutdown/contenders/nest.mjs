import "reflect-metadata";
import { Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { handler, listening, settings } from "./app.mjs";

class App {}
Module({})(App);

const app = await NestFactory.create(App, { logger: false });
app.use(handler);
app.enableShutdownHooks();
await app.listen(settings.port, "127.0.0.1");
listening();
