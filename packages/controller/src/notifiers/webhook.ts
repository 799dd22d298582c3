import { createHmac } from "node:crypto";
import {
  HitlessError,
  type Notice,
  type Notification,
  type Notifier,
  type SecretSource,
} from "@hitless/core";
import { type Post, post, reasonOf } from "../hooks/post.ts";
import { within } from "../hooks/within.ts";

/** How long a receiver may take to answer, ms. */
const answersWithinMs = 10_000;

/** Posts notices as JSON, signed with the receiver's secret. 2xx is success; redirects are not followed. */
export class WebhookNotifier implements Notifier {
  private readonly secrets: SecretSource;

  constructor(secrets: SecretSource) {
    this.secrets = secrets;
  }

  /** Throws SECRET_MISSING, and an error that says what stood in the way. */
  async notify(notice: Notice, to: Notification, signal: AbortSignal): Promise<void> {
    const body = JSON.stringify(notice);
    const headers = await this.signatureOf(body, to);
    const { url } = to;
    const { secrets } = this;
    const { value: problem } = await within({ ms: answersWithinMs, signal }, (bounded) =>
      problemOf({ url, secrets, key: notice.id, body, headers }, bounded),
    );
    if (problem !== null) throw new Error(problem);
  }

  private async signatureOf(body: string, { secret }: Notification) {
    if (secret === null) return {};
    const key = await this.secrets.read(secret);
    if (key === undefined) {
      throw new HitlessError("SECRET_MISSING", `secret ${secret} has no value in the controller`);
    }
    const seconds = Math.floor(Date.now() / 1000);
    return { "hitless-signature": `t=${seconds},v1=${sign(key, `${seconds}.${body}`)}` };
  }
}

function sign(key: string, text: string): string {
  return createHmac("sha256", key).update(text).digest("hex");
}

/** What stood in the way; null when it was taken. */
async function problemOf(request: Post, signal: AbortSignal): Promise<string | null> {
  try {
    const answer = await post(request, signal);
    await answer.body?.cancel();
    return answer.ok ? null : `status ${answer.status}`;
  } catch (thrown) {
    return reasonOf(thrown);
  }
}
