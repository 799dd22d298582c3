/** As pino, bunyan and fastify's `app.log` have it. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** One JSON object a line on standard output. */
export const jsonLines: Logger = {
  info: (fields, message) => write("info", fields, message),
  warn: (fields, message) => write("warn", fields, message),
};

/** The same, but never throws: a log that fails is no reason to lose requests. */
export function unfailing(logger: Logger | null): Logger | null {
  if (logger === null) return null;
  const trying = (level: keyof Logger) => (fields: object, message: string) => {
    try {
      logger[level](fields, message);
    } catch {
      // There is nowhere left to say it.
    }
  };
  return { info: trying("info"), warn: trying("warn") };
}

/**
 * Writes to standard output or error. Whoever reads it may have gone, or its disk be full: an error that nobody
 * listens for would end the process in the midst of its requests.
 */
export function print(stream: NodeJS.WriteStream, text: string, over: () => void = () => {}): void {
  const written = (error?: Error | null) => {
    if (error && !stream.listeners("error").includes(ignore)) stream.on("error", ignore);
    over();
  };
  try {
    stream.write(text, written);
  } catch {
    over();
  }
}

const ignore = () => {};

function write(level: string, fields: object, message: string): void {
  const line = { level, time: new Date().toISOString(), msg: message, ...fields };
  print(process.stdout, `${JSON.stringify(line)}\n`);
}
