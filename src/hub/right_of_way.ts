import { setImmediate } from "node:timers/promises";

/**
 * Lets what comes in go before what goes out: one chunk leaves in each turn of the event loop, which takes all that has
 * come meanwhile. So a sender with a hundred receivers is done as soon as one with one, and they have it no later, for
 * a hub that has more to do than it can is as busy either way; one that has not hardly notices.
 */
export class RightOfWay {
  readonly #waiting: (() => void)[] = [];
  #isLetting = false;

  /** Resolves when a chunk may go out. */
  turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (!this.#isLetting) this.#letGo();
    });
  }

  async #letGo() {
    this.#isLetting = true;
    while (this.#waiting.length > 0) {
      await setImmediate();
      this.#waiting.shift()!();
    }
    this.#isLetting = false;
  }
}
