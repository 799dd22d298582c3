import { expect, test } from "vitest";
import { PeerWord } from "./asker.ts";
import { TrustedProxies } from "./trusted-proxies.ts";

const trust = new TrustedProxies(["10.0.0.0/8", "::1", "fd00::/8", "192.168.1.7"]);

function asked(peer: string, ...said: readonly string[]) {
  const asker = new PeerWord(peer, trust).askerOf({ host: "shop", said });
  const lines = asker.lines.split("\r\n");
  expect(lines.slice(-2)).toEqual(["", ""]);
  const named = lines.slice(0, -2).map((line) => line.split(": "));
  return { ...asker, ...Object.fromEntries(named.map(([name, value]) => [name, value])) };
}

test.each([
  ["10.255.0.1", true],
  ["11.0.0.1", false],
  ["::ffff:10.0.0.1", true],
  ["::FFFF:192.168.1.7", true],
  ["192.168.1.8", false],
  ["::1", true],
  ["fd12::1", true],
  ["fe80::1", false],
  [undefined, false],
])("a peer at %s is trusted: %s", (peer, trusted) => {
  expect(new PeerWord(peer, trust).trusted).toBe(trusted);
});

test("without a list nobody is trusted", () => {
  expect(new PeerWord("127.0.0.1", new TrustedProxies([])).trusted).toBe(false);
});

test("what a stranger says of itself is replaced", () => {
  const said = ["x-forwarded-for", "1.1.1.1", "x-forwarded-proto", "https", "x-request-id", "mine"];
  const asker = asked("::ffff:203.0.113.9", ...said, "forwarded", "for=1.1.1.1");
  expect(asker).toMatchObject({
    client: "203.0.113.9",
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Host": "shop",
    "X-Request-Id": asker.requestId,
  });
  expect(asker.requestId).toMatch(/^[0-9a-f]{16}-[0-9a-z]+$/);
  expect(asker.lines).not.toContain("Forwarded: ");
});

test("no two requests have one id", () => {
  const word = new PeerWord("203.0.113.9", trust);
  const ids = Array.from({ length: 1000 }, () => word.askerOf({ host: null, said: null }));
  expect(new Set(ids.map((asker) => asker.requestId)).size).toBe(1000);
  expect(ids[0]?.lines).not.toContain("X-Forwarded-Host");
});

test("what a trusted proxy says is passed on, with the proxy as the last hop", () => {
  const asker = asked(
    "10.0.0.1",
    ...["x-forwarded-for", "198.51.100.7, 10.2.2.2", "x-forwarded-proto", "HTTPS"],
    ...["x-forwarded-host", "shop.example:8443", "x-forwarded-port", "8443"],
    ...["x-request-id", "a/b+c=="],
  );
  expect(asker).toMatchObject({
    client: "198.51.100.7",
    requestId: "a/b+c==",
    "X-Forwarded-For": "198.51.100.7, 10.2.2.2, 10.0.0.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "shop.example:8443",
    "X-Forwarded-Port": "8443",
    "X-Request-Id": "a/b+c==",
  });
});

test("the client is the nearest address that is no trusted proxy, whatever stands before it", () => {
  expect(asked("10.0.0.1", "x-forwarded-for", "10.9.9.9, 8.8.8.8, 10.3.3.3").client).toBe(
    "8.8.8.8",
  );
  expect(asked("10.0.0.1", "x-forwarded-for", "10.9.9.9, 10.3.3.3").client).toBe("10.9.9.9");
  expect(asked("10.0.0.1").client).toBe("10.0.0.1");
});

test("several lines of one chain are one chain", () => {
  const said = ["x-forwarded-for", "1.1.1.1", "x-forwarded-for", "2.2.2.2"];
  expect(asked("10.0.0.1", ...said)).toMatchObject({
    "X-Forwarded-For": "1.1.1.1, 2.2.2.2, 10.0.0.1",
  });
});

test.each([
  ["x, 2.2.2.2", "2.2.2.2, 10.0.0.1"],
  ["2.2.2.2, x", "10.0.0.1"],
  ["1.1.1.1, unknown, 2.2.2.2:99", "2.2.2.2, 10.0.0.1"],
  [
    "[2001:db8::1]:99, [2001:db8::2], 2001:db8::3",
    "2001:db8::1, 2001:db8::2, 2001:db8::3, 10.0.0.1",
  ],
  ["::ffff:9.9.9.9", "9.9.9.9, 10.0.0.1"],
  ["fe80::1%eth0, 2.2.2.2", "2.2.2.2, 10.0.0.1"],
  ["2.2.2.2 3.3.3.3", "10.0.0.1"],
  ["", "10.0.0.1"],
  [`${"9.9.9.9, ".repeat(50)}9.9.9.9`, `${"9.9.9.9, ".repeat(32)}10.0.0.1`],
])("of the chain %s the sound end is passed on", (chain, passed) => {
  expect(asked("10.0.0.1", "x-forwarded-for", chain)).toMatchObject({ "X-Forwarded-For": passed });
});

test.each([
  ["x-forwarded-proto", "javascript", { "X-Forwarded-Proto": "http" }],
  ["x-forwarded-proto", "https, http", { "X-Forwarded-Proto": "http" }],
  ["x-forwarded-host", "a b", { "X-Forwarded-Host": "shop" }],
  ["x-forwarded-port", "70000", { "X-Forwarded-Port": undefined }],
  ["x-forwarded-port", "80x", { "X-Forwarded-Port": undefined }],
  ["x-forwarded-prefix", "/api", { "X-Forwarded-Prefix": undefined }],
  ["forwarded", "for=1.1.1.1; oops", { Forwarded: undefined }],
])("%s: %s of a trusted proxy is not passed on", (name, value, passed) => {
  const asker = asked("10.0.0.1", name, value);
  expect({ ...passed, ...asker }).toEqual({ ...asker, ...passed });
});

test.each(["", "a b", "é", "x".repeat(129)])("the request id %j is replaced", (id) => {
  expect(asked("10.0.0.1", "x-request-id", id).requestId).toMatch(/^[0-9a-f]{16}-/);
});

test("a name that is said twice says nothing", () => {
  const said = ["x-request-id", "one", "x-request-id", "two"];
  expect(asked("10.0.0.1", ...said).requestId).toMatch(/^[0-9a-f]{16}-/);
});

test("Forwarded is extended with our element, and read where it stands alone", () => {
  const line = 'for="[2001:db8::9]:4711";proto=https, for=10.8.8.8; proto="https";by=_x';
  expect(asked("fd00::1", "forwarded", line)).toMatchObject({
    client: "2001:db8::9",
    Forwarded: `${line}, for="[fd00::1]";proto=http`,
    "X-Forwarded-For": "2001:db8::9, 10.8.8.8, fd00::1",
    "X-Forwarded-Proto": "https",
  });
  const both = asked("10.0.0.1", "forwarded", "for=1.1.1.1", "x-forwarded-for", "2.2.2.2");
  expect(both).toMatchObject({
    client: "2.2.2.2",
    Forwarded: "for=1.1.1.1, for=10.0.0.1;proto=http",
  });
});
