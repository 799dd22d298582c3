import type { Server } from "node:net";
import express, { type Express } from "express";
import express4 from "express4";
import type { Scene } from "../scene.ts";
import type { Subject } from "../subject.ts";
import { anyPort, served } from "./listening.ts";

export const expressSubjects: readonly Subject[] = [
  subject("express 4", (scene) => appOf(express4(), scene)),
  subject("express 5", (scene) => appOf(express(), scene)),
];

function subject(name: string, make: (scene: Scene) => Express): Subject {
  return {
    name,
    protocol: "http1",
    isTls: false,
    heldRoute: "/held/:id",
    closesIn: null,
    async open(scene) {
      const app = make(scene);
      if (!scene.listensFirst) return served(scene.kit.serveExpress(app, scene.options));
      return scene.kit.serve(await listened(app), scene.options);
    },
  };
}

function listened(app: Express): Promise<Server> {
  return new Promise((resolve) => {
    const server = app.listen(anyPort.port, anyPort.host, () => resolve(server));
  });
}

function appOf(app: Express, scene: Scene): Express {
  app.set("env", "test");
  app.get("/", (_, response) => void response.send("hello"));
  app.post("/echo", express.json(), (request, response) => void response.json(request.body));
  app.get("/held/:id", (_, response) => void scene.held().then((body) => response.send(body)));
  app.get("/fails", () => {
    throw new Error("it fails");
  });
  app.get("/keeps", (_, response) => void response.set("Connection", "keep-alive").send("kept"));
  app.get("/events", (_, response) => scene.writeEvents(response));
  app.get("/event-stream", (_, response) => scene.sendEvents(response));
  return app;
}
