import fc from "fast-check";
import { expect, test } from "vitest";
import { closeFrame, maskedCloseFrame } from "./close-frame.ts";
import { WebSocketFrames } from "./websocket-frames.ts";

interface Frame {
  readonly opcode: number;
  readonly final: boolean;
  readonly masked: boolean;
  readonly length: number;
  /** 0, 2 or 8: bytes of extended length, at least as many as the length needs. */
  readonly extended: number;
}

function bytesOf({ opcode, final, masked, length, extended }: Frame): Buffer {
  const short = extended === 0 ? length : extended === 2 ? 126 : 127;
  const size = Buffer.alloc(extended);
  if (extended > 0) size.writeUIntBE(length, Math.max(0, extended - 6), Math.min(extended, 6));
  const head = Buffer.from([(final ? 128 : 0) | opcode, (masked ? 128 : 0) | short]);
  // Payload that looks like frames must not be taken for some.
  return Buffer.concat([
    head,
    size,
    Buffer.alloc(masked ? 4 : 0, 0x88),
    Buffer.alloc(length, 0x88),
  ]);
}

const frame: fc.Arbitrary<Frame> = fc
  .record({
    opcode: fc.constantFrom(0, 1, 2, 9, 10),
    final: fc.boolean(),
    masked: fc.boolean(),
    length: fc.oneof(fc.integer({ min: 0, max: 125 }), fc.integer({ min: 126, max: 70_000 })),
    wide: fc.boolean(),
  })
  .map(({ wide, ...rest }) => {
    const needed = rest.length < 126 ? 0 : rest.length < 65_536 ? 2 : 8;
    return { ...rest, extended: wide ? 8 : needed };
  });

/** Feeds the pieces; every index of the whole at which a frame was said to end. */
function endsSeen(whole: Buffer, cuts: readonly number[]): readonly number[] {
  const frames = new WebSocketFrames();
  const ends: number[] = [];
  const edges = [...new Set([...cuts.filter((cut) => cut < whole.length), whole.length])].sort(
    (a, b) => a - b,
  );
  let from = 0;
  for (const edge of edges) {
    const piece = whole.subarray(from, edge);
    for (let at = 0; at < piece.length; ) {
      at = frames.take(piece, at);
      if (frames.betweenFrames) ends.push(from + at);
    }
    from = edge;
  }
  return ends;
}

test("the end of every frame is found, however the bytes are cut", () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 200_000 }), { maxLength: 20 });
  fc.assert(
    fc.property(fc.array(frame, { minLength: 1, maxLength: 6 }), cuts, (all, at) => {
      const parts = all.map(bytesOf);
      const ends = parts.map((_, n) => Buffer.concat(parts.slice(0, n + 1)).length);
      expect(endsSeen(Buffer.concat(parts), at)).toEqual(ends);
    }),
  );
});

test("frames that come byte by byte end where they end", () => {
  const parts = [bytesOf({ opcode: 2, final: true, masked: true, length: 300, extended: 2 })];
  const whole = Buffer.concat([...parts, closeFrame(1001), maskedCloseFrame(1001)]);
  const everywhere = Array.from(whole, (_, at) => at);
  expect(endsSeen(whole, everywhere)).toEqual([308, 312, 320]);
});

test("between the frames of a message it is not between messages, control frames or not", () => {
  const frames = new WebSocketFrames();
  const seen = [
    { opcode: 1, final: false },
    { opcode: 9, final: true },
    { opcode: 0, final: false },
    { opcode: 0, final: true },
    { opcode: 10, final: true },
  ].map((one) => {
    frames.takeAll(bytesOf({ ...one, masked: false, length: 3, extended: 0 }));
    return [frames.betweenFrames, frames.betweenMessages];
  });
  expect(seen).toEqual([
    [true, false],
    [true, false],
    [true, false],
    [true, true],
    [true, true],
  ]);
});

test("a close frame is noticed when it has passed whole", () => {
  for (const close of [closeFrame(1001), maskedCloseFrame(1001)]) {
    const frames = new WebSocketFrames();
    for (const [at, byte] of close.entries()) {
      expect(frames.closed).toBe(false);
      frames.takeAll(Buffer.from([byte]));
      expect(frames.closed).toBe(at === close.length - 1);
    }
  }
});

test("a frame of a length that nobody can count to has no end", () => {
  const frames = new WebSocketFrames();
  frames.takeAll(Buffer.from([0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255]));
  frames.takeAll(Buffer.alloc(100_000));
  expect(frames.betweenFrames).toBe(false);
});

test("the masked close frame holds the code for who unmasks it", () => {
  const [first, second, a = 0, b = 0, , , high = 0, low = 0] = maskedCloseFrame(1001);
  expect([first, second, ((high ^ a) << 8) | (low ^ b)]).toEqual([0x88, 0x82, 1001]);
});
