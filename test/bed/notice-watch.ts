import { createHmac } from "node:crypto";
import type { NoticeKind, ReleaseRecord } from "@hitless/core";
import { Receiver } from "../../packages/controller/src/testing/hook-bed.ts";

/** What notices of a run are signed with, and under which name the app file knows it. */
export const noticeSecret = { name: "NOTICE_SECRET", value: "of this run" } as const;

/** Two receivers of notices: one that is away at times, and one that never takes any. */
export class NoticeWatch implements AsyncDisposable {
  readonly broken: Receiver;
  private readonly good: Receiver;
  private unsigned = 0;
  private readonly ids: string[] = [];

  private constructor(good: Receiver, broken: Receiver) {
    this.good = good;
    this.broken = broken;
    broken.answer = (response) => void response.writeHead(500).end();
    good.answer = (response, { headers, body }) => {
      if (!isSigned(String(headers["hitless-signature"]), body)) this.unsigned += 1;
      const { id } = JSON.parse(body);
      // The key that receivers go by is the id.
      if (headers["idempotency-key"] !== id) this.unsigned += 1;
      this.ids.push(String(id));
      response.end();
    };
  }

  static async listen(): Promise<NoticeWatch> {
    return new NoticeWatch(await Receiver.listen(), await Receiver.listen());
  }

  /** The section of the app file. The broken one stands first: it would hold up the other. */
  get receivers(): readonly unknown[] {
    const { name: secret } = noticeSecret;
    return [{ webhook: this.broken.url }, { webhook: this.good.url, secret }];
  }

  away(): Promise<void> {
    return this.good.close();
  }

  back(): Promise<void> {
    return this.good.open();
  }

  /** Ids that came, without their origin, each once. */
  get told(): ReadonlySet<string> {
    return new Set(this.ids.map((id) => id.slice(id.indexOf("/") + 1)));
  }

  /** What is wrong with what came, for these rows of the history. */
  faults(expected: ReadonlySet<string>): readonly string[] {
    const { told } = this;
    const origins = new Set(this.ids.map((id) => id.slice(0, id.indexOf("/"))));
    return [
      ...[...expected].filter((id) => !told.has(id)).map((id) => `never told: ${id}`),
      ...[...told].filter((id) => !expected.has(id)).map((id) => `told out of nothing: ${id}`),
      ...(this.unsigned === 0 ? [] : [`${this.unsigned} notices with a wrong signature or key`]),
      ...(origins.size === 1 ? [] : [`${origins.size} origins of ids`]),
      ...(this.broken.got.length > 0 ? [] : ["the broken receiver was never asked"]),
    ];
  }

  /** Deliveries, those of one id more than once included. */
  get deliveries(): number {
    return this.ids.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.good.close();
    await this.broken.close();
  }
}

const endKinds: Readonly<Record<ReleaseRecord["outcome"], NoticeKind>> = {
  ...{ succeeded: "succeeded", failed: "failed", stuck: "failed" },
  ...{ aborted: "wentBack", rolledBack: "wentBack", replaced: "wentBack" },
};

/** The ids that a history must have brought, and of releases that waited for a person. */
export function expectedIds(
  rows: readonly ReleaseRecord[],
  waited: readonly string[],
): ReadonlySet<string> {
  const ids = rows.flatMap(({ id, outcome }) => [
    `${id}/started`,
    ...(outcome === "succeeded" ? [] : [`${id}/turnedBack`]),
    `${id}/${endKinds[outcome]}`,
  ]);
  return new Set([...ids, ...waited]);
}

function isSigned(header: string, body: string): boolean {
  const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/u.exec(header) ?? [];
  const expected = createHmac("sha256", noticeSecret.value).update(`${t}.${body}`).digest("hex");
  return v1 === expected && Math.abs(Date.now() / 1000 - Number(t)) < 300;
}
