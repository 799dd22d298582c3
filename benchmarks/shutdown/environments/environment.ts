/** A server behind it, or in front of clients. */
export interface Place {
  readonly port: number;
  /** Where `/ready` answers, if not on its port. */
  readonly checkPort: number | null;
}

/** What an environment is set up with. */
export interface Stage {
  /** Its own folder: its processes end with it. */
  readonly folder: string;
  /** The server that is stopped. */
  readonly a: Place;
  readonly b: Place;
  readonly random: () => number;
}

/** An environment that is up. */
export interface Scene extends AsyncDisposable {
  /** Where the next connection of a client goes. */
  readonly nextPort: () => number;
  /** Tells it that server A is to get nothing more; where nobody tells it, nothing happens. */
  readonly removeA: () => Promise<void>;
  /** What its log says of the 5xx answers so far, by cause. */
  readonly causes: () => Promise<Readonly<Record<string, number>>>;
}

/** What stands between the clients and two servers. */
export interface Environment {
  readonly name: string;
  /** For the heading of its table. */
  readonly what: string;
  /** Who tells it that A leaves: `kube-proxy` or a person does, A's `/ready` does, or nobody. */
  readonly tells: "others" | "probe" | "nobody";
  /** What is missing to set it up, and how to get it; null: nothing. */
  readonly missing: string | null;
  readonly setUp: (stage: Stage) => Promise<Scene>;
}
