import { P2pError } from "../errors.ts";
import { DATA_HEADROOM_BYTES } from "../protocol/channel.ts";
import type { Exchange } from "../protocol/exchange.ts";
import type { Message, OutcomeCode } from "../protocol/messages.ts";
import type { Session } from "../protocol/session.ts";
import { CHUNK_BYTES, SEALED_CHUNK_BYTES } from "../secure/sealed_stream.ts";
import { readBehind, type SpooledAttempt, type SpooledTransfer } from "./spooled_transfer.ts";

/** Before a receiver that could not take a transfer is asked again. */
const ASK_AGAIN_MS = 5_000;

/** What a courier tells. */
export interface CourierOptions {
  /** The receiver's name. */
  name: string;
  session: Session;
  onOutcome: (transfer: SpooledTransfer, code: OutcomeCode) => void;
}

/**
 * Brings one joined person what is in the spool for it: transfers of one sender one after the other, of several senders
 * beside each other (SPEC.md §16). It ends with the session; what is not delivered stays in the spool.
 */
export class Courier {
  readonly #options: CourierOptions;
  /** The last delivery of each sender, for the next one to wait for. */
  readonly #lastOf = new Map<string, Promise<void>>();
  readonly #taken = new Set<SpooledTransfer>();
  #ended = false;

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  /** Takes a transfer to its receiver once those before it are there. */
  take(transfer: SpooledTransfer): void {
    if (this.#taken.has(transfer)) return;
    this.#taken.add(transfer);
    const sender = transfer.relay.from.key;
    const before = this.#lastOf.get(sender) ?? Promise.resolve();
    this.#lastOf.set(sender, before.then(() => this.#bring(transfer)).catch(() => {}));
  }

  /** Ends all deliveries; resolves when nothing of the spool is in use any more. */
  async end(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#lastOf.values());
  }

  /** Tries until there is an outcome. */
  async #bring(transfer: SpooledTransfer) {
    const { name, session } = this.#options;
    while (!this.#ended && !transfer.outcomes.has(name)) {
      if (!transfer.stored && !transfer.isComing) {
        this.#taken.delete(transfer); // Cut off: it comes again when its sender does, and keeps nobody waiting.
        return;
      }
      if (transfer.chunks === 0) {
        await Promise.race([transfer.changed, session.closed]);
        continue;
      }
      const exchange = session.open();
      try {
        await this.#deliver(transfer, exchange);
      } finally {
        exchange.end();
      }
    }
  }

  async #deliver(transfer: SpooledTransfer, exchange: Exchange) {
    const { relay } = transfer;
    const { sealed } = relay.recipients.find((recipient) => recipient.name === this.#options.name)!;
    await exchange.send({
      type: "delivery",
      transfer: relay.transfer,
      from: relay.from.name,
      sealed,
      size: relay.size,
    });
    const reply = await exchange.receive();
    if (reply.type === "answer") return await this.#conclude(transfer, { exchange, reply });
    if (reply.type !== "accept") return await this.#pause();
    await this.#passOn(transfer, { exchange, offset: reply.offset });
  }

  /** Passes one run of the sender on, from `offset` on; an answer may come before its end. */
  async #passOn(
    transfer: SpooledTransfer,
    { exchange, offset }: { exchange: Exchange; offset: number },
  ) {
    const chunk = offset / CHUNK_BYTES;
    if (!Number.isInteger(chunk)) {
      throw new P2pError("protocol", `offset ${offset} is not at a chunk`);
    }
    await hasChunk(transfer, { chunk, session: this.#options.session });
    const run = transfer.attempts.findLast((attempt) => attempt.chunk <= chunk)!;
    await exchange.send({ type: "run", offset, start: run.chunk * CHUNK_BYTES, salt: run.salt });
    const stop = new AbortController();
    const passing = this.#pipe(transfer, { run, chunk, exchange, signal: stop.signal });
    passing.catch(() => {});
    try {
      const answering = exchange.receive();
      answering.catch(() => {});
      const first = await Promise.race([passing, answering]);
      if (first === "cut") {
        return await exchange.send({
          type: "cancel",
          code: "interrupted",
          reason: "the sender was cut off",
        });
      }
      const reply = await answering;
      if (reply.type === "answer") await this.#conclude(transfer, { exchange, reply });
      else await this.#pause();
    } finally {
      stop.abort();
      await passing.catch(() => {});
    }
  }

  /** Chunks of one run from the spool to the receiver, also while they still come in. */
  async #pipe(
    transfer: SpooledTransfer,
    { run, chunk, exchange, signal }: {
      run: SpooledAttempt;
      chunk: number;
      exchange: Exchange;
      signal: AbortSignal;
    },
  ): Promise<"all" | "cut"> {
    using file = await transfer.read(chunk);
    let at = chunk;
    let cut = false;
    const chunks = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        while (at >= transfer.runEnd(run)) {
          if (transfer.isLast(run) && transfer.stored) return controller.close();
          if (!transfer.isLast(run) || !transfer.isComing) {
            cut = true;
            return controller.error(new P2pError("connection", "the sender was cut off"));
          }
          await Promise.race([transfer.changed, aborted(signal)]);
          if (signal.aborted) return controller.error(signal.reason);
        }
        at++;
        controller.enqueue(
          await readBehind(file, { headroom: DATA_HEADROOM_BYTES, length: SEALED_CHUNK_BYTES }),
        );
        transfer.sent.set(this.#options.name, at);
      },
    }, { highWaterMark: 1 });
    try {
      await chunks.pipeTo(exchange.writable, { signal });
      return "all";
    } catch (error) {
      if (cut) return "cut";
      throw error;
    }
  }

  /** The receiver cannot take it now. */
  async #pause() {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ASK_AGAIN_MS);
    await Promise.race([promise, this.#options.session.closed]).finally(() => clearTimeout(timer));
  }

  async #conclude(
    transfer: SpooledTransfer,
    { exchange, reply }: { exchange: Exchange; reply: Message<"answer"> },
  ) {
    const { code, sealed } = reply;
    await transfer.conclude({ to: this.#options.name, code, sealed });
    this.#options.onOutcome(transfer, code);
    await exchange.send({ type: "settled" });
  }
}

async function hasChunk(
  transfer: SpooledTransfer,
  { chunk, session }: { chunk: number; session: Session },
) {
  while (transfer.chunks <= chunk && !transfer.stored) {
    await Promise.race([transfer.changed, session.closed]);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true })
  );
}
