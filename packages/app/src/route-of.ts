import type { IncomingMessage } from "node:http";
import type { Head } from "./answer.ts";

export type RouteOf = (request: IncomingMessage) => string | undefined;

/** Method and route of a request: what `named` says, else the pattern that express noted on it, else its path. */
export function routeOf(head: Head, named: RouteOf | undefined): { method: string; route: string } {
  if (!isMessage(head)) {
    return { method: head[":method"] ?? "GET", route: pathOf(head[":path"] ?? "/") };
  }
  const route = named?.(head) ?? expressRoute(head) ?? pathOf(head.url ?? "/");
  return { method: head.method ?? "GET", route };
}

function isMessage(head: Head): head is IncomingMessage {
  return typeof head["method"] === "string" && "socket" in head;
}

/** Express, and NestJS upon it, set `route` and `baseUrl` on the request once they know them. */
function expressRoute(request: IncomingMessage): string | undefined {
  if (!("route" in request)) return undefined;
  const { route } = request;
  if (typeof route !== "object" || route === null || !("path" in route)) return undefined;
  const base = "baseUrl" in request && typeof request.baseUrl === "string" ? request.baseUrl : "";
  return typeof route.path === "string" ? base + route.path : undefined;
}

/** Without the query, which may hold what nobody should log. */
function pathOf(url: string): string {
  const end = url.search(/[?#]/);
  return end === -1 ? url : url.slice(0, end);
}
