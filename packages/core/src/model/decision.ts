import type { App } from "./app.ts";
import type { Mutation } from "./mutation.ts";
import type { ReleaseRecord } from "./release.ts";
import type { Why } from "./why.ts";

/**
 * What `next` decided. `mutate`: apply it (its barrier is the next look). `wait`: nothing to do
 * before `lookAgain` or a change. `advance`, `turnBack`, `finish`: persist `app`, then ask again.
 * `steady`: the app stands where it should.
 */
export type Decision =
  | { readonly kind: "mutate"; readonly mutation: Mutation; readonly app: App; readonly why: Why }
  | { readonly kind: "wait"; readonly why: Why; readonly lookAgain: number }
  | { readonly kind: "advance"; readonly app: App; readonly why: Why }
  | { readonly kind: "turnBack"; readonly app: App; readonly why: Why }
  | {
      readonly kind: "finish";
      readonly app: App;
      readonly record: ReleaseRecord;
      readonly why: Why;
    }
  | { readonly kind: "steady"; readonly why: Why };
