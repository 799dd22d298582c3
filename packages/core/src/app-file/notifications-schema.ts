import { z } from "zod";
import { type Notification, noticeKinds } from "../model/notification.ts";
import { secretName } from "./environment-schema.ts";
import { must } from "./expectation.ts";
import { section } from "./section.ts";
import { webUrl } from "./web-url.ts";

const kindsRule = must(`a list of ${noticeKinds.join(", ")}`);
const mostReceivers = 20;

const notificationSchema = section(
  {
    webhook: webUrl("https://example.org/hooks/hitless"),
    secret: secretName.optional(),
    on: z
      .array(z.literal(noticeKinds, { error: must(`one of ${noticeKinds.join(", ")}`) }), {
        error: kindsRule,
      })
      .min(1, { error: kindsRule })
      .transform((kinds) => noticeKinds.filter((kind) => kinds.includes(kind)))
      .default([...noticeKinds]),
  },
  must("a mapping such as { webhook: https://example.org/hooks/hitless, secret: HOOK_SECRET }"),
).transform(({ webhook, secret = null, on }): Notification => ({ url: webhook, secret, on }));

/** `notifications`. */
export const notificationsSchema = z
  .array(notificationSchema, {
    error: must("a list such as [{ webhook: https://example.org/hooks/hitless }]"),
  })
  .max(mostReceivers, { error: must(`a list of at most ${mostReceivers} receivers`) })
  .superRefine(eachOnce);

/** An address gets each notice once. */
function eachOnce(
  receivers: readonly Notification[],
  context: z.core.$RefinementCtx<readonly Notification[]>,
): void {
  for (const [index, { url }] of receivers.entries()) {
    const first = receivers.findIndex((other) => other.url === url);
    if (first === index) continue;
    const message = must(`another address: notifications[${first}] has it already`, "remove it");
    context.addIssue({ code: "custom", path: [index, "webhook"], message });
  }
}

/** Receivers as the app file writes them. */
export function writtenNotifications(receivers: readonly Notification[]): readonly unknown[] {
  return receivers.map(({ url, secret, on }) => ({
    webhook: url,
    ...(secret === null ? {} : { secret }),
    on,
  }));
}
