import { connect, type Socket } from "node:net";

/** Where the bytes of a connection go. */
export interface Intake {
  /** Memory for the next read. Called before the first one and after each. */
  nextBuffer(): Buffer;
  /** `count` bytes came into the buffer that was handed out last. */
  received(count: number): void;
}

/**
 * Opens a connection to a replica. What comes goes into the intake's own memory instead of `data` events:
 * a read then costs no stream machinery.
 */
export type Dial = (
  address: { readonly host: string; readonly port: number },
  intake: Intake,
) => Socket;

export const dial: Dial = ({ host, port }, intake) =>
  connect({
    host,
    port,
    noDelay: true,
    allowHalfOpen: true,
    onread: {
      buffer: () => intake.nextBuffer(),
      callback: (count) => {
        intake.received(count);
        return true;
      },
    },
  });
