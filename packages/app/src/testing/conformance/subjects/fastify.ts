import Fastify, { type FastifyInstance } from "fastify";
import type { Scene } from "../scene.ts";
import type { Subject } from "../subject.ts";
import { anyPort, served } from "./listening.ts";

export const fastifySubject: Subject = {
  name: "fastify 5",
  protocol: "http1",
  isTls: false,
  heldRoute: "/held/:id",
  closesIn: "fastify",
  async open(scene) {
    const app = Fastify();
    const service = scene.kit.serveFastify(app, scene.options);
    await app.register(routes(scene));
    app.addHook("onClose", async () => void scene.log.push("closed"));
    if (!scene.listensFirst) return served(service);
    await app.listen(anyPort);
    return service;
  },
};

function routes(scene: Scene) {
  return async (app: FastifyInstance): Promise<void> => {
    app.get("/", async () => "hello");
    app.post("/echo", async ({ body }) => body);
    app.get("/held/:id", () => scene.held());
    app.get("/fails", async () => {
      throw new Error("it fails");
    });
    app.get("/keeps", async (_, reply) => {
      reply.header("Connection", "keep-alive");
      return "kept";
    });
    app.get("/events", (_, reply) => {
      reply.hijack();
      scene.writeEvents(reply.raw);
    });
    app.get("/event-stream", (_, reply) => {
      reply.hijack();
      scene.sendEvents(reply.raw);
    });
  };
}
