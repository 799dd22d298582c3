import type { RequestOptions } from "node:http";
import { oneOf } from "../options.ts";
import type { Check, CheckSettings } from "./check.ts";

export interface HttpCheckOptions extends CheckSettings {
  /** The status that has to come. Default: any from 200 to 299. A redirect is not followed. */
  readonly status?: number | undefined;
  /** Default `GET`. */
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/**
 * Whether a URL answers with the right status, each time on a connection of its own. The body is not read.
 *
 * @throws TypeError for what is no URL of http or https.
 */
export function http(url: string | URL, options: HttpCheckOptions = {}): Check {
  const { status, method = "GET", headers = {}, ...settings } = options;
  const target = new URL(url);
  oneOf("the protocol of an http check", target.protocol, ["http:", "https:"]);
  // A query may hold a token.
  const shown = `${method} ${target.origin}${target.pathname}`;
  return {
    ...settings,
    async run(signal) {
      const got = await statusOf(target, { method, headers, signal });
      const right = status === undefined ? got >= 200 && got <= 299 : got === status;
      if (!right) throw new Error(`${shown} answered ${got}; expected ${status ?? "200 to 299"}`);
    },
  };
}

/** Not by `fetch`, which opens another connection for each whose body it did not read to the end. */
async function statusOf(target: URL, options: RequestOptions): Promise<number> {
  // Loaded only here: with TLS they take more than all the rest of this.
  const { request } =
    target.protocol === "https:" ? await import("node:https") : await import("node:http");
  return await new Promise((resolve, reject) => {
    const asked = request(target, { ...options, agent: false }, (response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    asked.on("error", reject);
    asked.end();
  });
}
