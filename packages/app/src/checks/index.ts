export type { Check, CheckSettings } from "./check.ts";
export { type DiskCheckOptions, disk } from "./disk.ts";
export { type EventLoopCheckOptions, eventLoop } from "./event-loop.ts";
export { type HttpCheckOptions, http } from "./http.ts";
export {
  type PgClientLike,
  type PgPoolClientLike,
  type PgPoolLike,
  type PostgresJsLike,
  postgres,
} from "./postgres.ts";
export { type RedisLike, redis } from "./redis.ts";
