import "reflect-metadata";
import type { ServerResponse } from "node:http";
import { Body, Controller, Get, Header, Module, Post, Res, Sse } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import { interval, map } from "rxjs";
import type { Scene } from "../scene.ts";
import type { Subject } from "../subject.ts";
import { anyPort, served } from "./listening.ts";

export const nestSubjects: readonly Subject[] = [
  subject("NestJS 11 on express", () => new ExpressAdapter()),
  subject("NestJS 11 on fastify", () => new FastifyAdapter()),
];

function subject(name: string, adapter: () => ExpressAdapter | FastifyAdapter): Subject {
  return {
    name,
    protocol: "http1",
    isTls: false,
    heldRoute: "/held/:id",
    closesIn: "nest",
    async open(scene) {
      const app = await NestFactory.create(moduleOf(scene), adapter(), { logger: false });
      // Many have this line; with it Nest would end at the signal.
      app.enableShutdownHooks();
      const service = scene.kit.serveNest(app, scene.options);
      if (!scene.listensFirst) return served(service);
      await app.listen(anyPort.port, anyPort.host);
      return service;
    },
  };
}

function moduleOf(scene: Scene) {
  class AppModule {
    onApplicationShutdown() {
      scene.log.push("closed");
    }
  }
  Module({ controllers: [controllerOf(scene)] })(AppModule);
  return AppModule;
}

interface RawReply {
  readonly raw: ServerResponse;
  hijack(): void;
}

function controllerOf(scene: Scene) {
  class Routes {
    hello() {
      return "hello";
    }
    echo(body: unknown) {
      return body;
    }
    held() {
      return scene.held();
    }
    fails() {
      throw new Error("it fails");
    }
    keeps() {
      return "kept";
    }
    events() {
      return interval(5).pipe(map((number) => ({ data: String(number) })));
    }
    eventStream(response: ServerResponse | RawReply) {
      if (!("raw" in response)) return scene.sendEvents(response);
      response.hijack();
      scene.sendEvents(response.raw);
    }
  }
  decorate(Routes);
  return Routes;
}

/** As `@Get()` and the like do it, which not every tool that runs TypeScript knows. */
function decorate(routes: new () => object): void {
  Controller()(routes);
  const prototype: object = routes.prototype;
  const on = (name: string, ...decorators: MethodDecorator[]) => {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name) ?? {};
    for (const each of decorators) each(prototype, name, descriptor);
  };
  on("hello", Get("/"));
  Body()(prototype, "echo", 0);
  on("echo", Post("echo"));
  on("held", Get("held/:id"));
  on("fails", Get("fails"));
  on("keeps", Get("keeps"), Header("Connection", "keep-alive"));
  on("events", Sse("events"));
  Res()(prototype, "eventStream", 0);
  on("eventStream", Get("event-stream"));
}
