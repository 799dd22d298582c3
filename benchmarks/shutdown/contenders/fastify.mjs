import closeWithGrace from "close-with-grace";
import Fastify from "fastify";
import { handler, listening, settings } from "./app.mjs";

const app = Fastify();
// The handler that all share reads the body itself.
app.addContentTypeParser("*", (_request, _body, done) => done(null));
app.all("/*", (request, reply) => {
  reply.hijack();
  handler(request.raw, reply.raw);
});
closeWithGrace({ delay: settings.forceMs, logger: false }, () => app.close());
await app.listen({ port: settings.port, host: "127.0.0.1" });
listening();
