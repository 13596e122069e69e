import { Backoff } from "../backoff.ts";
import { P2pError } from "../errors.ts";
import type { Exchange } from "../protocol/exchange.ts";
import type { Message, Opening } from "../protocol/messages.ts";
import { decodeKey } from "../secure/static_key.ts";
import { sleep } from "../sleep.ts";
import { traceRetry } from "../trace.ts";
import type { Connected } from "./connect.ts";
import type { HubClient } from "./hub_client.ts";
import type { Deliveries } from "./incoming.ts";
import { joinHub } from "./join.ts";

/** The pauses before a hub that was lost is joined again. */
const PAUSES = { firstMs: 500, longestMs: 30_000 };

/** Being joined to a hub: over as many sessions as it takes (SPEC.md §15). */
export class Membership {
  readonly #client: HubClient;
  readonly #deliveries: Pick<Deliveries, "take">;
  readonly #pauses = new Backoff(PAUSES);
  #wasJoined = false;
  /** True where our name is ours for good; undefined before it was asked. */
  #isKept: boolean | undefined;
  /** The hub's fingerprint, once this session is joined to it. */
  #hub: string | undefined;

  constructor(client: HubClient, deliveries: Pick<Deliveries, "take">) {
    this.#client = client;
    this.#deliveries = deliveries;
  }

  /** Stays joined, with growing pauses after each cut, until `signal` aborts or the hub refuses. */
  async keep(signal: AbortSignal): Promise<void> {
    while (true) {
      try {
        await this.#keepOnce(signal);
      } catch (error) {
        signal.throwIfAborted();
        await sleep(this.#pauseAfter(error), signal);
      }
    }
  }

  /** Tells the pause before the next session, and gives it; throws what ends the membership. */
  #pauseAfter(error: unknown): number {
    const isCut = error instanceof P2pError && error.code === "connection";
    if (!this.#wasJoined || !isCut) throw error;
    const pauseMs = this.#pauses.next();
    traceRetry("joining again", { why: error.code, pauseMs });
    this.#client.emit({ type: "lost", while: "joined", error, pauseMs });
    return pauseMs;
  }

  /** Joins, and throws what ended the session. */
  async #keepOnce(signal: AbortSignal): Promise<never> {
    const connected = await this.#client.connect({
      onOpen: (exchange, opening) => void this.#open(exchange, opening),
      signal,
    });
    const { session, fingerprint } = connected;
    const leave = () => session.goodbye("bye", "leaving");
    signal.addEventListener("abort", leave, { once: true });
    try {
      signal.throwIfAborted();
      const keep = this.#isKept ??= await this.#client.keepsName(connected);
      const exchange = session.open();
      this.#hub = fingerprint; // What is brought from here on is judged by it.
      this.#joined(connected, await joinHub(exchange, { keep }));
      this.#watch(exchange);
      if (keep) await this.#client.noteName(connected.you.name);
      await session.closed;
      signal.throwIfAborted();
      throw new P2pError("connection", "the hub ended the connection");
    } finally {
      this.#hub = undefined;
      signal.removeEventListener("abort", leave);
      session.abort();
    }
  }

  #joined(
    { name: hub, fingerprint, you: { name: you } }: Connected,
    { people: others, names }: Pick<Message<"joined">, "people" | "names">,
  ) {
    this.#wasJoined = true;
    this.#pauses.reset();
    this.#client.emit({ type: "connected", name: hub, fingerprint });
    this.#client.emit({ type: "joined", hub, you, isKept: this.#isKept ?? true, others, names });
  }

  /** Tells as events which people come and go. */
  async #watch(exchange: Exchange) {
    try {
      while (true) {
        const message = await exchange.receive();
        if (message.type !== "presence") continue;
        const { name, state } = message;
        const key = decodeKey(message.id);
        this.#client.emit({ type: "person", name, key, state });
      }
    } catch {
      // The session is over, and says why.
    }
  }

  /** Takes what the hub brings, once this session is joined to it. */
  async #open(exchange: Exchange, opening: Opening) {
    if (opening.type === "delivery" && this.#hub !== undefined) {
      return await this.#deliveries.take(exchange, opening, this.#hub);
    }
    const reason = "only deliveries are taken here";
    await exchange.send({ type: "refuse", code: "declined", reason }).catch(() => {});
    exchange.end();
  }
}
