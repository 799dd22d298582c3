import type { EndSeen } from "./app-under-test.ts";
import type { CertifySettings } from "./certify-options.ts";
import { lastWords, seconds } from "./evidence.ts";
import { failed, type Item, notTested, passed } from "./item.ts";

export const signalNeverReached = "the signal never reaches it: see there";

type Exited = Extract<EndSeen, { kind: "exited" }>;

/** Judges how the process ended that nobody held. */
export function judgeEnd(end: EndSeen, said: string, settings: CertifySettings): readonly Item[] {
  if (end.kind === "killed") {
    const grace = seconds(settings.graceMs);
    return [
      notTested("signal-reaches", "it never ended: see the item on the grace"),
      failed("exits", `ran on for ${grace} after SIGTERM, until SIGKILL${lastWords(said)}`),
      notTested("exit-code", "it was killed: see the item on the grace"),
      notTested("no-children", "it was killed, with all that it had started"),
    ];
  }
  if (end.stillServes) return tookTheSignal(end);
  return [
    passed("signal-reaches", `it ended ${seconds(end.ms)} after SIGTERM`),
    passed(
      "exits",
      `${seconds(end.ms)} after SIGTERM, with a grace of ${seconds(settings.graceMs)}`,
    ),
    judgeCode(end, said),
    end.left.length === 0
      ? passed("no-children", "its process group is empty")
      : failed("no-children", `${end.left.length} still ran: ${namesOf(end.left)}`),
  ];
}

/** What was started took the signal for itself, and the app behind it serves on. */
function tookTheSignal(end: Exited): readonly Item[] {
  const why = signalNeverReached;
  const front = `what --command starts ended ${seconds(end.ms)} after SIGTERM`;
  return [
    failed("signal-reaches", `${front}, and the app behind it serves on: ${namesOf(end.left)}`),
    notTested("readiness-at-signal", why),
    notTested("keeps-accepting", why),
    notTested("announces-close", why),
    notTested("keeps-answering", why),
    notTested("exits", why),
    notTested("exit-code", why),
    notTested("no-children", why),
  ];
}

function judgeCode({ code, signal }: Exited, said: string): Item {
  if (code === 0) return passed("exit-code", "exit code 0");
  const how = signal === null ? `exit code ${code}` : `died by ${signal}, which is no exit code`;
  return failed("exit-code", `${how}${lastWords(said)}`);
}

/** Judges what became of an app that got SIGTERM as soon as its port was open. */
export function judgeEarly(early: EndSeen | null, usual: EndSeen): Item {
  const id = "handler-first";
  if (early === null) return notTested(id, "its port never opened in this start");
  if (early.kind === "killed") {
    return failed(id, `SIGTERM as its port opened was lost: it ran on for ${seconds(early.ms)}`);
  }
  const bySignal = ({ signal }: Exited) => signal === "SIGTERM";
  if (!bySignal(early)) {
    return passed(
      id,
      `SIGTERM as its port opened: exit code ${early.code} after ${seconds(early.ms)}`,
    );
  }
  if (usual.kind === "exited" && bySignal(usual)) {
    return notTested(id, "it dies by the signal anyway: see its exit code");
  }
  return failed(id, `SIGTERM as its port opened killed it after ${seconds(early.ms)}`);
}

function namesOf(commands: readonly string[]): string {
  return commands.map((command) => JSON.stringify(command.slice(0, 60))).join(", ");
}
