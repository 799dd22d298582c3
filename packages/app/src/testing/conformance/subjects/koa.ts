import { once } from "node:events";
import { text } from "node:stream/consumers";
import Router from "@koa/router";
import Koa from "koa";
import type { Scene } from "../scene.ts";
import type { Subject } from "../subject.ts";
import { anyPort, served } from "./listening.ts";

export const koaSubject: Subject = {
  name: "koa 3",
  protocol: "http1",
  isTls: false,
  heldRoute: "/held/:id",
  closesIn: null,
  async open(scene) {
    const app = appOf(scene);
    if (!scene.listensFirst) return served(scene.kit.serveKoa(app, scene.options));
    const server = app.listen(anyPort);
    await once(server, "listening");
    return scene.kit.serve(server, scene.options);
  },
};

function appOf(scene: Scene) {
  const app = new Koa();
  app.silent = true;
  const router = new Router();
  router.get("/", (context) => {
    context.body = "hello";
  });
  router.post("/echo", async (context) => {
    context.body = await text(context.req);
  });
  router.get("/held/:id", async (context) => {
    context.body = await scene.held();
  });
  router.get("/fails", () => {
    throw new Error("it fails");
  });
  router.get("/keeps", (context) => {
    context.set("Connection", "keep-alive");
    context.body = "kept";
  });
  router.get("/events", (context) => {
    context.respond = false;
    scene.writeEvents(context.res);
  });
  router.get("/event-stream", (context) => {
    context.respond = false;
    scene.sendEvents(context.res);
  });
  return app.use(router.routes());
}
