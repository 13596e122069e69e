import { Backoff } from "../../backoff.ts";
import { P2pError } from "../../errors.ts";
import type { Session } from "../../protocol/session.ts";
import { sleep } from "../../sleep.ts";
import { Notify } from "../../notify.ts";
import { deliverOnce } from "./forward.ts";
import type { Person } from "../name_registry.ts";
import type { Spool } from "../spool/spool.ts";
import type { SpooledTransfer } from "../spool/spooled_transfer.ts";

/** Deliveries to one recipient at once, fewer than a session takes (SPEC.md §7). */
const MAX_DELIVERIES = 12;

/** Deliveries of one sender to one recipient at once: enough to hide the round trips of small files. */
const MAX_FOR_PAIR = 8;

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
 * Brings one joined person what is in the spool for it: some at once, those of one sender in
 * the order in which they were stored (SPEC.md §16). It ends with the session; what is not
 * delivered stays in the spool.
 */
export class Courier {
  readonly #options: CourierOptions;
  /** By sender: the deliveries under way or to come, each until it ends or gives way. */
  readonly #queues = new Map<string, Promise<void>[]>();
  readonly #running = new Set<Promise<void>>();
  readonly #taken = new Set<SpooledTransfer>();
  readonly #ended = new AbortController();
  readonly #places = new Notify();
  #busy = 0;

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  /** Takes a transfer to its recipient, behind those of its sender that came before. */
  take(transfer: SpooledTransfer): void {
    if (this.#taken.has(transfer)) return;
    this.#taken.add(transfer);
    const sender = transfer.relay.from.key;
    const queue = this.#queues.get(sender) ?? [];
    this.#queues.set(sender, queue);
    const before = queue.at(-MAX_FOR_PAIR) ?? Promise.resolve();
    const { promise: way, resolve: giveWay } = Promise.withResolvers<void>();
    queue.push(way);
    const bringing = before.then(() => this.#bring(transfer, giveWay))
      .catch((error) => this.#fail(error))
      .finally(() => {
        giveWay();
        this.#taken.delete(transfer);
        queue.splice(queue.indexOf(way), 1);
        if (queue.length === 0) this.#queues.delete(sender);
        this.#running.delete(bringing);
      });
    this.#running.add(bringing);
  }

  /** Ends all deliveries; resolves when nothing of the spool is in use any more. */
  async end(): Promise<void> {
    this.#ended.abort();
    await Promise.all(this.#running);
  }

  /**
   * Tries until there is an outcome. One that was cut off comes again with its sender, and keeps
   * nobody waiting.
   */
  async #bring(transfer: SpooledTransfer, giveWay: () => void) {
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
      giveWay();
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
