import { markdown } from "../benchmarks/markdown.ts";
import { installPeers } from "../benchmarks/shutdown/peers.ts";
import { endHeld, type HeldEnd, type Way } from "../test/bed/held-connections.ts";
import { type HoldKind, holds, kindsOfHold } from "../test/bed/holds.ts";
import { ownCertificate } from "../test/bed/own-certificate.ts";
import { OwnFolder } from "../test/bed/own-folder.ts";
import { receiptIn } from "../test/bed/receipt-line.ts";
import type { Finding, Proof } from "./proof.ts";

const ours: Way = "@hitless/app";
const control: Way = "naive close";
const peers: readonly Way[] = ["stoppable", "http-terminator"];
const limitMs = 8000;
const atOnce = 4;

/** One connection of each kind holds a server that gets a SIGTERM. */
export const proof: Proof = {
  title:
    "silent, half-open, slow, streaming and HTTP/2 clients: the kit ends each whole and exits with 0, a naive close is held",
  seconds: 50,
  takes: [
    {
      kind: "flag",
      name: "--peers",
      what: "beside two libraries of bench:shutdown, installed first",
    },
    { kind: "names", name: "KIND", what: "only these clients", of: kindsOfHold },
  ],
  async run(args): Promise<Finding> {
    const beside = args.includes("--peers") ? peers : [];
    if (beside.length > 0) await installPeers((line) => console.error(line));
    const asked = kindsOfHold.filter((kind) => args.includes(kind));
    const kinds = asked.length === 0 ? kindsOfHold : asked;
    const ways = [ours, control, ...beside];
    const ends = await endAll(kinds, ways);
    for (const line of tableOf({ kinds, ways }, ends)) console.log(line);
    return findingOf(ends);
  },
};

/** A few at a time: most of them only wait. */
async function endAll(
  kinds: readonly HoldKind[],
  ways: readonly Way[],
): Promise<readonly HeldEnd[]> {
  await using folder = new OwnFolder("hitless-held-");
  const certificate = await ownCertificate(folder.path);
  // These libraries know nothing of HTTP/2.
  const speaks = (way: Way, kind: HoldKind) =>
    !peers.includes(way) || holds[kind].protocol === "http";
  const pairs = kinds.flatMap((kind) =>
    ways.filter((way) => speaks(way, kind)).map((way) => ({ kind, way })),
  );
  const ends: HeldEnd[] = [];
  let next = 0;
  const lane = async () => {
    for (let pair = pairs[next++]; pair !== undefined; pair = pairs[next++]) {
      ends.push(await endHeld({ ...pair, limitMs, certificate }));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return ends;
}

function tableOf(
  { kinds, ways }: { readonly kinds: readonly HoldKind[]; readonly ways: readonly Way[] },
  ends: readonly HeldEnd[],
): readonly string[] {
  const rows = kinds.map((kind) => [
    kind,
    ...ways.map((way) => {
      const end = ends.find((each) => each.kind === kind && each.way === way);
      return end === undefined ? "-" : textOf(end);
    }),
  ]);
  return markdown(["", ...ways], rows);
}

function textOf({ seconds, code, outcome }: HeldEnd): string {
  const exit = seconds === null ? "never" : `${seconds.toFixed(1)} s, ${code}`;
  return outcome === "" ? exit : `${exit}: ${outcome}`;
}

function findingOf(ends: readonly HeldEnd[]): Finding {
  const mine = ends.filter(({ way }) => way === ours);
  const faults = mine.flatMap((end) => faultsOf(end).map((fault) => `${end.kind}: ${fault}`));
  for (const fault of faults) console.log(`FAULT ${fault}`);
  const naive = ends.filter(({ way }) => way === control);
  const forced = naive.filter(({ code }) => code !== "0").length;
  const cut = naive.filter(({ good }) => !good).length;
  const seconds = mine.map((end) => end.seconds ?? Number.POSITIVE_INFINITY);
  return {
    figure:
      `${mine.length} kinds of client: ${ours} ended ${mine.length - faults.length} of them as it should, with 0, ` +
      `in ${Math.min(...seconds).toFixed(1)} to ${Math.max(...seconds).toFixed(1)} s; ` +
      `${control} had to be forced in ${forced} of ${naive.length} and cut ${cut}`,
    ok: faults.length === 0 && forced > 0,
  };
}

/** Of ours: what is not as promised. */
function faultsOf(end: HeldEnd): readonly string[] {
  const receipt = receiptIn(end.lines);
  const cut = receipt.cut + receipt.streams.cut;
  return [
    ...(end.code === "0" ? [] : [`it ended with ${end.code}`]),
    ...(end.good ? [] : [`the client ${end.outcome}`]),
    ...(cut === 0 ? [] : [`its receipt counts ${cut} as cut`]),
  ];
}
