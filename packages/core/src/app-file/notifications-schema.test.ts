import { expect, it } from "vitest";
import { noticeKinds } from "../model/notification.ts";
import { secretsNamedIn } from "./app-spec.ts";
import { writtenNotifications } from "./notifications-schema.ts";
import { parseAppFile } from "./parse-app-file.ts";

const least = { name: "shop", run: "node x.js", probes: { readiness: { path: "/ready" } } };

function parsedWith(changes: object) {
  return parseAppFile({ ...least, ...changes });
}

function toldOf(notifications: unknown): readonly string[] {
  const parsed = parsedWith({ notifications });
  return parsed.kind === "ok" ? [] : parsed.problems.map(({ message }) => message);
}

it("reads receivers, each told of everything unless it says otherwise, and writes them so", () => {
  const written = [
    { webhook: "https://example.org/a?token=1", secret: "HOOK_SECRET", on: ["failed", "waiting"] },
    { webhook: "http://127.0.0.1:9/" },
  ];
  const parsed = parsedWith({ notifications: written });
  const read = parsed.kind === "ok" ? parsed.spec.settings.notifications : undefined;
  expect(read).toEqual([
    { url: "https://example.org/a?token=1", secret: "HOOK_SECRET", on: ["waiting", "failed"] },
    { url: "http://127.0.0.1:9/", secret: null, on: noticeKinds },
  ]);
  expect(writtenNotifications(read ?? [])).toEqual([
    { ...written[0], on: ["waiting", "failed"] },
    { ...written[1], on: noticeKinds },
  ]);
});

it("knows every secret that the file names, and where", () => {
  const webhook = "http://127.0.0.1:9/";
  const parsed = parsedWith({
    secrets: ["A"],
    notifications: [{ webhook }, { webhook: `${webhook}b`, secret: "B" }],
  });
  expect(parsed.kind === "ok" && secretsNamedIn(parsed.spec)).toEqual([
    { name: "A", path: ["secrets", 0] },
    { name: "B", path: ["notifications", 1, "secret"] },
  ]);
});

it.each<readonly [unknown, string]>([
  [
    [{ webhook: "example.org" }],
    'notifications[0].webhook is "example.org"; it must be an address that begins with http:// or https://, such as https://example.org/hooks/hitless',
  ],
  [
    [{}],
    "notifications[0].webhook is missing; it must be an address that begins with http:// or https://, such as https://example.org/hooks/hitless",
  ],
  [
    [{ webhook: "http://a/", secret: "S=hunter2" }],
    'notifications[0].secret is "S=…"; it must be a name alone',
  ],
  [
    [{ webhook: "http://a/", on: ["failed", "broken"] }],
    'notifications[0].on[1] is "broken"; it must be one of started, waiting, held, turnedBack, wentBack, succeeded, failed',
  ],
  ...["http://me:hunter2@a/", "http:///me:hunter2@a/", "http://hunter2@a/"].map(
    (webhook) =>
      [
        [{ webhook }],
        `notifications[0].webhook is ${JSON.stringify(webhook.replace(/(me:)?hunter2/u, "…"))}; it must be an address without a password in it`,
      ] as const,
  ),
  [
    [{ webhook: "http://a/", on: [] }],
    "notifications[0].on is an empty list; it must be a list of started, waiting, held, turnedBack, wentBack, succeeded, failed",
  ],
  [
    [{ webhook: "http://a/" }, { webhook: "http://a/", on: ["failed"] }],
    'notifications[1].webhook is "http://a/"; it must be another address: notifications[0] has it already',
  ],
  [
    { webhook: "http://a/" },
    "notifications is a mapping; it must be a list such as [{ webhook: https://example.org/hooks/hitless }]",
  ],
])("says about %j what is wrong", (notifications, message) => {
  expect(toldOf(notifications)).toEqual([message]);
});
