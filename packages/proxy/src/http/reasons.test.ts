import { expect, test } from "vitest";
import { proxyAnswer } from "./reasons.ts";

const plain = {
  date: "Sun, 06 Nov 1994 08:49:37 GMT",
  close: false,
  headOnly: false,
  keepAlive: false,
  html: false,
  message: "",
  requestId: null,
};

function split(answer: string) {
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  return { head: head.split("\r\n"), body };
}

test("says in the reason header and in the text why it is no answer of the app", () => {
  expect(split(proxyAnswer("no-replica", plain))).toEqual({
    head: [
      "HTTP/1.1 503 Service Unavailable",
      "X-Hitless-Reason: no-replica",
      "Date: Sun, 06 Nov 1994 08:49:37 GMT",
      "Content-Type: text/plain; charset=utf-8",
      "Content-Length: 37",
      "Retry-After: 1",
    ],
    body: "503 Service Unavailable (no-replica)\n",
  });
});

test("a client that takes HTML gets a page for a failure on our side, and text for its own", () => {
  const page = split(
    proxyAnswer("maintenance", { ...plain, html: true, message: "Zurück um <12>" }),
  );
  expect(page.head).toContain("Content-Type: text/html; charset=utf-8");
  expect(page.head).toContain("Retry-After: 30");
  expect(page.head).toContain(`Content-Length: ${Buffer.byteLength(page.body)}`);
  expect(page.body).toContain("<p>Zurück um &lt;12&gt;</p>");
  const refused = split(proxyAnswer("bad-host", { ...plain, html: true }));
  expect(refused.head).toContain("Content-Type: text/plain; charset=utf-8");
});

test("a HEAD request is told how long the body would be", () => {
  const { head, body } = split(proxyAnswer("maintenance", { ...plain, headOnly: true }));
  expect([head.includes("Content-Length: 38"), body]).toEqual([true, ""]);
});

test("names the request, in the header and to who reads the body; no name becomes markup", () => {
  const named = { ...plain, message: "Back at noon.", requestId: '"<b>&7' };
  const text = split(proxyAnswer("maintenance", named));
  expect(text.head).toContain('X-Request-Id: "<b>&7');
  expect(text.head).toContain(`Content-Length: ${text.body.length}`);
  expect(text.body).toBe(
    '503 Service Unavailable (maintenance)\nBack at noon.\nrequest id: "<b>&7\n',
  );
  const page = split(proxyAnswer("maintenance", { ...named, html: true }));
  expect(page.head).toContain('X-Request-Id: "<b>&7');
  expect(page.head).toContain(`Content-Length: ${page.body.length}`);
  expect(page.body).toContain('request id: "&lt;b&gt;&amp;7<');
});
