/** The place of one delivery among those of its sender. */
export interface Turn extends Disposable {
  /** Resolves when all that came before are published, have ended or have given way. */
  readonly come: Promise<void>;
  /** Lets those behind go first: it is about to wait for something. */
  giveWay(): void;
}

/**
 * Keeps deliveries that are under way at once in the order in which they came, for each sender: a
 * later one is not published before an earlier one (SPEC.md §16).
 */
export class PublishOrder {
  /** By sender: resolves when all that have come so far are over. */
  readonly #last = new Map<string, Promise<void>>();

  /** Takes the next place behind those of the same sender; it is over when it is disposed of. */
  enter(sender: string): Turn {
    const come = this.#last.get(sender) ?? Promise.resolve();
    const { promise: over, resolve: giveWay } = Promise.withResolvers<void>();
    const last = come.then(() => over);
    this.#last.set(sender, last);
    last.then(() => this.#last.get(sender) === last && this.#last.delete(sender));
    return { come, giveWay, [Symbol.dispose]: giveWay };
  }
}
