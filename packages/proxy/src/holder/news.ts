/** Lets others wait until something holds that is looked at whenever there is news. */
export class News {
  #waiters: (() => void)[] = [];

  /** Resolves when that holds. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (holds()) resolve();
        else this.#waiters.push(look);
      };
      look();
    });
  }

  /** Something may have changed. */
  tell(): void {
    for (const look of this.#waiters.splice(0)) look();
  }
}
