import { Agent, get } from "node:http";

/** One request of a client. */
export interface Question {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const atOnce = 16;

/**
 * Asks them all, some at a time and on connections that are kept; the revision that answered each, by
 * the app's own word. Throws when one is not answered with 200.
 */
export async function revisionsFor(
  port: number,
  questions: readonly Question[],
): Promise<readonly string[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const answers: string[] = [];
  let next = 0;
  const askOn = async () => {
    for (let n = next++; n < questions.length; n = next++) {
      answers[n] = await revisionFor(port, agent, questions[n] ?? {});
    }
  };
  await Promise.all(Array.from({ length: atOnce }, askOn)).finally(() => agent.destroy());
  return answers;
}

function revisionFor(port: number, agent: Agent, { path = "/", headers = {} }: Question) {
  return new Promise<string>((answered, failed) => {
    const request = get({ host: "127.0.0.1", port, path, headers, agent }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => (text += part));
      response.on("error", failed);
      response.on("end", () => {
        if (response.statusCode !== 200)
          failed(new Error(`${path}: ${response.statusCode} ${text}`));
        else answered(String(JSON.parse(text).revision));
      });
    });
    request.on("error", failed);
  });
}
