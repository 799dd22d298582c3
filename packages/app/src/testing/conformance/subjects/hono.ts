import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import type { Scene } from "../scene.ts";
import type { Subject } from "../subject.ts";
import { listening, served } from "./listening.ts";

export const honoSubject: Subject = {
  name: "hono 4",
  protocol: "http1",
  isTls: false,
  heldRoute: "/held/:id",
  closesIn: null,
  async open(scene) {
    const app = appOf(scene);
    const server = createAdaptorServer(app);
    if (!scene.listensFirst) return served(scene.kit.serveHono(app, server, scene.options));
    return scene.kit.serveHono(app, await listening(server), scene.options);
  },
};

function appOf(scene: Scene) {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.use("*", (_, next) => next());
  app.get("/", (context) => context.text("hello"));
  app.post("/echo", async (context) => context.text(await context.req.text()));
  app.get("/held/:id", async (context) => context.text(await scene.held()));
  app.get("/fails", () => {
    throw new Error("it fails");
  });
  app.onError((_, context) => context.text("", 500));
  app.get("/keeps", (context) => context.text("kept", 200, { Connection: "keep-alive" }));
  app.get("/events", (context) =>
    streamSSE(context, async (stream) => {
      for (let number = 1; !stream.aborted; number += 1) {
        await stream.writeSSE({ data: String(number) });
        await stream.sleep(5);
      }
    }),
  );
  app.get("/event-stream", (context) => {
    scene.sendEvents(context.env.outgoing);
    return RESPONSE_ALREADY_SENT;
  });
  return app;
}
