import { Backoff } from "../../backoff.ts";
import { P2pError } from "../../errors.ts";
import type { Session } from "../../protocol/session.ts";
import { sleep } from "../../sleep.ts";
import { Notify } from "../../notify.ts";
import { deliverOnce } from "./forward.ts";
import type { Person } from "../name_registry.ts";
import type { Spool } from "../spool/spool.ts";
import type { SpooledTransfer } from "../spool/spooled_transfer.ts";

/** Deliveries to one recipient at once, one a sender: fewer than a session takes (SPEC.md §7). */
const MAX_DELIVERIES = 8;

/** Pauses before a recipient that could not take a transfer is asked again. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/** The outcome of a transfer of which the hub's disk has lost the envelope. */
const LOST = { code: "damaged", sealed: null } as const;

/** Options of a {@link Courier}: the person that it serves, in one session. */
export interface CourierOptions {
  person: Person;
  session: Session;
  spool: Spool;
  /** Called with a transfer that the recipient cannot take now. */
  onDelay: (transfer: SpooledTransfer) => void;
  /** Called with a failure of the hub itself; the delivery is tried again. */
  onError: (error: Error) => void;
}

/**
 * Brings one joined person what is in the spool for it: transfers of one sender one after the
 * other, of several senders beside each other (SPEC.md §16). It ends with the session; what is not
 * delivered stays in the spool.
 */
export class Courier {
  readonly #options: CourierOptions;
  /** The last delivery of each sender, for the next one to wait for. */
  readonly #lastOf = new Map<string, Promise<void>>();
  readonly #taken = new Set<SpooledTransfer>();
  readonly #ended = new AbortController();
  readonly #places = new Notify();
  #busy = 0;

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  /** Takes a transfer to its recipient once those before it are there. */
  take(transfer: SpooledTransfer): void {
    if (this.#taken.has(transfer)) return;
    this.#taken.add(transfer);
    const sender = transfer.relay.from.key;
    const before = this.#lastOf.get(sender) ?? Promise.resolve();
    const last = before.then(() => this.#bring(transfer))
      .catch((error) => this.#fail(error))
      .finally(() => {
        this.#taken.delete(transfer);
        if (this.#lastOf.get(sender) === last) this.#lastOf.delete(sender);
      });
    this.#lastOf.set(sender, last);
  }

  /** Ends all deliveries; resolves when nothing of the spool is in use any more. */
  async end(): Promise<void> {
    this.#ended.abort();
    await Promise.all(this.#lastOf.values());
  }

  /**
   * Tries until there is an outcome. One that was cut off comes again with its sender, and keeps
   * nobody waiting.
   */
  async #bring(transfer: SpooledTransfer) {
    const { signal } = this.#ended;
    const { upload, feed } = transfer;
    const pauses = new Backoff({ firstMs: FIRST_PAUSE_MS, longestMs: LONGEST_PAUSE_MS });
    while (!signal.aborted && !transfer.outcomes.has(this.#options.person.name)) {
      if (!upload.isStored && !upload.isComing) return;
      if (upload.chunks === 0) {
        await transfer.changes.wait(signal);
        continue;
      }
      await feed.turn();
      const result = await this.#inPlace(() => this.#deliver(transfer));
      if (result === "done") return;
      if (result === "at once") {
        pauses.reset();
        continue;
      }
      this.#options.onDelay(transfer);
      await sleep(pauses.next(), signal).catch(() => {}); // An abort ends the loop.
    }
  }

  async #inPlace<T>(work: () => Promise<T>): Promise<T> {
    const { signal } = this.#ended;
    while (this.#busy === MAX_DELIVERIES && !signal.aborted) await this.#places.wait(signal);
    signal.throwIfAborted();
    this.#busy++;
    try {
      return await work();
    } finally {
      this.#busy--;
      this.#places.notify();
    }
  }

  async #deliver(transfer: SpooledTransfer): Promise<"done" | "at once" | "later"> {
    const { person, session, spool } = this.#options;
    const { signal } = this.#ended;
    using _ = transfer.serve(person.name);
    session.probe();
    const exchange = session.open();
    try {
      const sealed = transfer.readEnvelope(person.name);
      const result = sealed === undefined
        ? LOST
        : await deliverOnce(exchange, { transfer, to: person.name, sealed, signal });
      if (typeof result === "string") return result;
      await spool.conclude(transfer, { to: person.name, code: result.code, sealed: result.sealed });
      await exchange.send({ type: "settled" });
      return "done";
    } catch (error) {
      if (signal.aborted || isOver(error)) throw error;
      this.#options.onError(error as Error);
      return "later";
    } finally {
      exchange.end();
    }
  }

  /** Ends the session of a recipient that breaks the protocol; a lost session has ended already. */
  #fail(error: unknown) {
    if (!(error instanceof P2pError) || error.code !== "protocol") return;
    this.#options.session.goodbye("protocol", error.message);
  }
}

function isOver(error: unknown): boolean {
  return error instanceof P2pError && ["connection", "protocol"].includes(error.code);
}
