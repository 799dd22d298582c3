import { z } from "zod";

const count = z.number().int().nonnegative();
const shape = z.object({
  kind: z.literal("drain-receipt"),
  finished: count,
  cut: count,
  streams: z.object({ ended: count, cut: count }),
  hung: z.array(z.object({ method: z.string(), route: z.string(), seconds: z.number() })),
  hooks: z.array(z.object({ name: z.string(), outcome: z.string() })),
  exitCode: count,
});
const line = z.object({ receipt: z.unknown() });

/** What is asked of a drain receipt here. */
export type ReceiptRead = z.infer<typeof shape>;

export function readReceipt(text: string): ReceiptRead {
  return shape.parse(JSON.parse(text));
}

/** The one receipt among what a service logged; throws when there are none or two. */
export function receiptIn(lines: readonly string[]): ReceiptRead {
  const found = lines
    .map((each) => line.safeParse(JSON.parse(each)))
    .filter((each) => each.success);
  const [only] = found;
  if (only === undefined || found.length > 1) {
    throw new Error(`${found.length} receipts in ${JSON.stringify(lines)}`);
  }
  return shape.parse(only.data.receipt);
}
