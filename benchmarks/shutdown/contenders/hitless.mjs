import { createServer } from "node:http";
import { serve } from "@hitless/app";
import { handler, listening, settings } from "./app.mjs";

const drain = { delayMs: settings.delayMs, timeoutMs: settings.forceMs };
const service = serve(createServer(handler), { drain });
await service.listen({ port: settings.port, host: "127.0.0.1" });
listening();
