export const noticeKinds = [
  "started",
  "waiting",
  "held",
  "turnedBack",
  "wentBack",
  "succeeded",
  "failed",
] as const;
/** `waiting`: for a person · `held`: data or a hook is missing · `turnedBack`: it goes back · `wentBack`: it has, as a person wished. */
export type NoticeKind = (typeof noticeKinds)[number];

/** A webhook that is told of releases. */
export interface Notification {
  readonly url: string;
  /** Name of the secret that signs the body (HMAC-SHA256); null: unsigned. */
  readonly secret: string | null;
  readonly on: readonly NoticeKind[];
}
