/** One kind of request, sent over and over. */
export interface Shape {
  readonly name: ShapeName;
  /** For the heading of its table. */
  readonly what: string;
  readonly path: string;
  readonly method: string;
  readonly bodyBytes: number;
  readonly headers: Readonly<Record<string, string>>;
  /** How many clients send at the same time, each waiting for its answer. */
  readonly connections: number;
}

export type ShapeName = "small" | "browser" | "post" | "10k" | "1m" | "fresh" | "alone";

const browserHeaders = {
  "User-Agent":
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  Accept: "application/json, text/plain, */*",
  "Accept-Language": "en-GB,en;q=0.9,de;q=0.7",
  "Accept-Encoding": "gzip, deflate, br, zstd",
  Referer: "https://shop.example/products/123456?from=search",
  Cookie: "session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; consent=1",
  "Sec-Fetch-Mode": "cors",
};

const plain = { path: "/", method: "GET", bodyBytes: 0, headers: {}, connections: 32 } as const;

export const shapes: readonly Shape[] = [
  { ...plain, name: "small", what: "keep-alive, an answer of 20 bytes" },
  {
    ...plain,
    name: "browser",
    what: "a browser's 8 request headers, 300 bytes of JSON with 7 headers",
    path: "/json",
    headers: browserHeaders,
  },
  { ...plain, name: "post", what: "POST of 1 KB", method: "POST", bodyBytes: 1024 },
  { ...plain, name: "10k", what: "an answer of 10 KB", path: "/files/10240" },
  { ...plain, name: "1m", what: "an answer of 1 MB", path: "/files/1048576" },
  {
    ...plain,
    name: "fresh",
    what: "a new connection for each request",
    headers: { Connection: "close" },
  },
  { ...plain, name: "alone", what: "one client at a time, an answer of 20 bytes", connections: 1 },
];
