// A service whose checks ask real servers (POSTGRES_PORT, REDIS_PORT) and one fault of its own, `POST /fault/NAME`. With NAIVE=1
// it is what people write without the kit: `/ready` awaits the same questions, `/health` too. Says `listening PORT`.
import { createServer, type RequestListener } from "node:http";
import { type Check, serve } from "@hitless/app";
import { postgres, redis } from "@hitless/app/checks";
import { Redis } from "ioredis";
import pg from "pg";
import postgresJs from "postgres";
import { createClient } from "redis";

type Ask = () => Promise<unknown>;

const postgresPort = Number(process.env["POSTGRES_PORT"] ?? 0);
const redisPort = Number(process.env["REDIS_PORT"] ?? 0);
const isNaive = process.env["NAIVE"] === "1";
const poolMax = 10;

let fault = "none";

const faults: Readonly<Record<string, (times: number) => unknown>> = {
  none: () => true,
  hang: () => new Promise(() => {}),
  throw: () => {
    throw new Error("thrown at once");
  },
  reject: () => Promise.reject(new Error("rejected")),
  false: () => false,
  flap: (times) => {
    if (times % 2 === 0) throw new Error("every other time");
  },
};

/** Something that is asked, and has the fault that was set. */
function asked(): () => unknown {
  let times = 0;
  return () => {
    times += 1;
    return faults[fault]?.(times);
  };
}

function ownCheck(): Check {
  return { run: asked(), timeoutMs: 200, intervalMs: 200 };
}

const address = { host: "127.0.0.1", user: "postgres", database: "postgres" };

function kitChecks(): Readonly<Record<string, Check>> {
  if (postgresPort === 0) {
    return { own: ownCheck(), informative: { ...ownCheck(), critical: false } };
  }
  const nodeRedis = createClient({ url: `redis://127.0.0.1:${redisPort}` });
  const sql = postgresJs({ ...address, port: postgresPort, max: poolMax });
  void nodeRedis.connect();
  return {
    pg: postgres(new pg.Pool({ ...address, port: postgresPort, max: poolMax })),
    "postgres.js": postgres(sql),
    ioredis: redis(new Redis({ host: "127.0.0.1", port: redisPort })),
    "node-redis": redis(nodeRedis),
  };
}

function naiveAsks(): readonly Ask[] {
  if (postgresPort === 0) {
    const ask = asked();
    return [
      async () => {
        if ((await ask()) === false) throw new Error("it is false");
      },
    ];
  }
  const pool = new pg.Pool({ ...address, port: postgresPort, max: poolMax });
  const nodeRedis = createClient({ url: `redis://127.0.0.1:${redisPort}` });
  void nodeRedis.connect();
  return [() => pool.query("SELECT 1"), () => nodeRedis.ping()];
}

const setFault: RequestListener = (request, response) => {
  fault = /^\/fault\/(\w+)$/.exec(request.url ?? "")?.[1] ?? fault;
  response.end(fault);
};

function naive(): RequestListener {
  const asks = naiveAsks();
  return (request, response) => {
    if (request.method === "POST") return setFault(request, response);
    Promise.all(asks.map((ask) => ask())).then(
      () => response.end("ok"),
      () => response.writeHead(503).end(),
    );
  };
}

if (isNaive) {
  const server = createServer(naive());
  server.listen(0, "127.0.0.1", () => say(server.address()));
} else {
  const service = serve(createServer(setFault), {
    checks: kitChecks(),
    details: true,
    drain: { delayMs: 0 },
  });
  say(await service.listen({ port: 0, host: "127.0.0.1" }));
}

function say(at: unknown): void {
  if (typeof at === "object" && at !== null && "port" in at) {
    process.stdout.write(`listening ${String(at.port)}\n`);
  }
}
