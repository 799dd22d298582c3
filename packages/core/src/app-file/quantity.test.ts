import { expect, it } from "vitest";
import { parseDuration } from "./duration.ts";
import { parseBytes, parseCores } from "./quantity.ts";

it.each<readonly [string | number, number | null]>([
  ["256Mi", 268_435_456],
  ["1.5G", 1_500_000_000],
  [1024, 1024],
  ["1e9", null],
  ["-1Mi", null],
  ["9999999Ti", null],
  ["400m", null],
])("reads %s as bytes", (written, bytes) => {
  expect(parseBytes(written)).toBe(bytes);
});

it.each<readonly [string | number, number | null]>([
  ["500m", 0.5],
  [0.25, 0.25],
  ["2", 2],
  ["two", null],
  [-1, null],
])("reads %s as cores", (written, cores) => {
  expect(parseCores(written)).toBe(cores);
});

it.each<readonly [string, number | null]>([
  ["250ms", 250],
  ["60s", 60_000],
  ["5m", 300_000],
  ["1.5h", 5_400_000],
  ["5", null],
  ["5 minutes", null],
])("reads %s as a duration", (written, ms) => {
  expect(parseDuration(written)).toBe(ms);
});
