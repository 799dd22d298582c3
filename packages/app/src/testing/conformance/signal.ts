/** Something that happens once, and can be awaited before and after. */
export class Signal {
  give: () => void = () => {};
  readonly given: Promise<void>;

  constructor() {
    this.given = new Promise((resolve) => {
      this.give = resolve;
    });
  }
}
