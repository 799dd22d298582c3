import { AppBed, until } from "../test/bed/app-bed.ts";
import { type Question, revisionsFor } from "../test/bed/askers.ts";
import { untilHeldAt } from "../test/bed/held-release.ts";
import { killHolder, proxyOf } from "../test/bed/proxy-of.ts";
import type { Finding, Proof } from "./proof.ts";

const usualUsers = 1_250;
/** Of them, so many also say which side they want. */
const choosers = 50;
const kinds = ["cookie", "header", "query"] as const;
type Kind = (typeof kinds)[number];

/** A canary at 5 and then 20 percent, under restarts of everything between clients and replicas. */
export const proof: Proof = {
  title:
    "sticky by cookie, header and query: each user on one side over restarts of proxy and controller; 5 to 20 % moves nobody back",
  seconds: 45,
  takes: [
    {
      kind: "number",
      name: "USERS",
      what: `how many, who ask 8 times each; ${usualUsers}`,
      least: 200,
    },
  ],
  async run(args): Promise<Finding> {
    const users = Number(args[0] ?? usualUsers);
    const met: Met[] = [];
    for (const kind of kinds) met.push(await stickBy(kind, users));
    const ok = met.every(
      (one) => one.moved + one.movedBack + one.overruled === 0 && one.control > 0 && isShare(one),
    );
    return { figure: met.map(lineOf).join("\n"), ok };
  },
};

/** What came of the users of one kind. */
interface Met {
  readonly kind: Kind;
  readonly users: number;
  readonly requests: number;
  /** Answers of another side than the user's first one at the same weight. */
  readonly moved: number;
  readonly movedBack: number;
  /** Users on the new side at 5 and at 20 percent. */
  readonly at5: number;
  readonly at20: number;
  /** Of so many requests with the header, those that got the other side. */
  readonly chosen: number;
  readonly overruled: number;
  /** Of those who do not say who they are, how many met another side the second time. */
  readonly control: number;
}

async function stickBy(kind: Kind, users: number): Promise<Met> {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: settingsOf(kind) });
  await bed.must(0, "up", "--detach", "--workers", "2");
  await bed.must(0, "release", "--set", "config.GREETING=new");
  const all = Array.from({ length: users }, (_, n) => asUser(kind, `user-${n}`));
  await untilHeldAt(bed, "canary 5 %");
  const first = await roundsOf(bed, all);
  await bed.must(0, "promote");
  await untilHeldAt(bed, "canary 20 %");
  const second = await roundsOf(bed, all);
  const nobody = Array.from({ length: users }, () => ({}));
  const [once, twice] = [
    await revisionsFor(bed.port, nobody),
    await revisionsFor(bed.port, nobody),
  ];
  const met = {
    kind,
    users,
    requests: 8 * users,
    moved: first.moved + second.moved,
    movedBack: first.sides.filter((side, n) => side === "2" && second.sides[n] !== "2").length,
    at5: first.sides.filter((side) => side === "2").length,
    at20: second.sides.filter((side) => side === "2").length,
    chosen: first.chosen + second.chosen,
    overruled: first.overruled + second.overruled,
    control: once.filter((side, n) => side !== twice[n]).length,
  };
  console.log(lineOf(met));
  return met;
}

function settingsOf(kind: Kind) {
  return {
    replicas: 2,
    strategy: {
      canary: {
        steps: [{ weight: 5 }, "approval", { weight: 20 }, "approval"],
        sticky: { [kind]: kind === "header" ? "x-user" : "user" },
        override: "x-canary",
      },
    },
  };
}

function asUser(kind: Kind, user: string): Question {
  if (kind === "query") return { path: `/?page=2&user=${user}` };
  return {
    headers: kind === "cookie" ? { cookie: `theme=dark; user=${user}` } : { "x-user": user },
  };
}

/** What restarts between clients and replicas, one after the other. */
const restarts: readonly ((bed: AppBed) => Promise<unknown>)[] = [
  killWorkers,
  killHolder,
  async (bed) => {
    await bed.killController();
    // It takes up a release that waits for a person.
    await bed.must(5, "up", "--detach");
  },
];

/** All of them ask once, and again after each restart: where each was first, and what was otherwise then. */
async function roundsOf(bed: AppBed, all: readonly Question[]) {
  const sides = await revisionsFor(bed.port, all);
  let [moved, overruled, chosen] = [0, 0, 0];
  for (const restart of restarts) {
    await restart(bed);
    const again = await revisionsFor(bed.port, all);
    moved += again.filter((side, n) => side !== sides[n]).length;
    for (const [said, wanted] of [
      ["true", "2"],
      ["false", "1"],
    ] as const) {
      const asking = all.slice(0, choosers).map((one) => choosing(one, said));
      const got = await revisionsFor(bed.port, asking);
      chosen += got.length;
      overruled += got.filter((side) => side !== wanted).length;
    }
  }
  return { sides, moved, overruled, chosen };
}

function choosing({ headers, ...rest }: Question, said: string): Question {
  return { ...rest, headers: { ...headers, "x-canary": said } };
}

async function killWorkers(bed: AppBed): Promise<void> {
  const before = await workersOf(bed);
  for (const pid of before) process.kill(pid, "SIGKILL");
  const renewed = async () => {
    // While they are replaced, nobody says anything.
    const now = await workersOf(bed).catch((): readonly number[] => []);
    return now.length === before.length && before.every((pid) => !now.includes(pid));
  };
  await until(renewed, "other workers serve");
}

async function workersOf(bed: AppBed): Promise<readonly number[]> {
  return (await proxyOf(bed))?.workers.map(({ pid }) => pid) ?? [];
}

/** Whether the users are split about as the weights say: within six standard deviations. */
function isShare({ users, at5, at20 }: Met): boolean {
  return [
    [at5, 0.05],
    [at20, 0.2],
  ].every(([count = 0, share = 0]) => {
    const deviation = Math.sqrt(users * share * (1 - share));
    return Math.abs(count - users * share) < 6 * deviation;
  });
}

function lineOf(met: Met): string {
  const { kind, users, requests, moved, movedBack, at5, at20, chosen, overruled, control } = met;
  return (
    `${kind}: ${requests} requests of ${users} users, ${moved} on another side than before; ${at5} on the new one at 5 %, ` +
    `${at20} at 20 %, ${movedBack} moved back; ${overruled} of ${chosen} not where the header said; ` +
    `control: ${control} of ${users} without a name moved`
  );
}
