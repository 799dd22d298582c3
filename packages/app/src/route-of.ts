import type { IncomingMessage } from "node:http";
import type { Head } from "./answer.ts";

export type RouteOf = (request: IncomingMessage) => string | undefined;

/** The pattern of a request's route, `/orders/:id`: what `named` says, else what express noted on it. */
export function patternOf(head: Head, named: RouteOf | undefined): string | undefined {
  return isMessage(head) ? (given(head, named) ?? expressRoute(head)) : undefined;
}

/** One that throws must not keep a drain from its end. */
function given(request: IncomingMessage, named: RouteOf | undefined): string | undefined {
  try {
    return named?.(request);
  } catch {
    return undefined;
  }
}

export function methodOf(head: Head): string {
  return (isMessage(head) ? head.method : head[":method"]) ?? "GET";
}

/** Without the query, which may hold what nobody should log. */
export function pathOf(head: Head): string {
  const url = (isMessage(head) ? head.url : head[":path"]) ?? "/";
  const end = url.search(/[?#]/);
  return end === -1 ? url : url.slice(0, end);
}

function isMessage(head: Head): head is IncomingMessage {
  // The fields of HTTP/2 are the client's: it may name one of them as it likes, but only as text.
  return typeof head["method"] === "string" && typeof head["socket"] === "object";
}

/** Express, and NestJS upon it, set `route` and `baseUrl` on the request once they know them. */
function expressRoute(request: IncomingMessage): string | undefined {
  if (!("route" in request)) return undefined;
  const { route } = request;
  if (typeof route !== "object" || route === null || !("path" in route)) return undefined;
  const base = "baseUrl" in request && typeof request.baseUrl === "string" ? request.baseUrl : "";
  return typeof route.path === "string" ? base + route.path : undefined;
}
