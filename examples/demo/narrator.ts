const csi = "\u001b[";

/** Tells the story on stdout, a line at a time; colour only where somebody looks. */
export class Narrator {
  readonly #began = performance.now();
  readonly #color = process.stdout.isTTY === true && process.env["NO_COLOR"] === undefined;

  /** What happens from now on. */
  heading(text: string): void {
    this.#line(this.#paint(1, text));
  }

  /** What was seen. */
  seen(text: string): void {
    this.#line(`  ${text}`);
  }

  /** A line of its own, such as the verdict. */
  verdict(text: string, good: boolean): void {
    console.log(this.#paint(good ? 32 : 31, text));
  }

  #line(text: string): void {
    const seconds = ((performance.now() - this.#began) / 1000).toFixed(1);
    console.log(`${seconds.padStart(5)} s  ${text}`);
  }

  #paint(code: number, text: string): string {
    return this.#color ? `${csi}${code}m${text}${csi}0m` : text;
  }
}
