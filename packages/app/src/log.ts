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

function write(level: string, fields: object, message: string): void {
  const line = { level, time: new Date().toISOString(), msg: message, ...fields };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
