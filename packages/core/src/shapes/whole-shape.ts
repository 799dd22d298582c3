import type { z } from "zod";

/** Keys of `T` that a shape would leave out, and so forget; optional ones slip through `satisfies`. */
type Forgotten<T, S extends z.ZodType> = Exclude<keyof T, keyof z.output<S>>;

/** A shape of `T` that has all of its keys, the optional ones too. */
export function wholeShape<T>() {
  return <S extends z.ZodType<T>>(shape: [Forgotten<T, S>] extends [never] ? S : never): S => shape;
}
