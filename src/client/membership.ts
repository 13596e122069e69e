import { decodeKey } from "../secure/static_key.ts";
import { P2pError } from "../errors.ts";
import { connect, type Connected, type SecretSource } from "./connect.ts";
import type { Exchange } from "../protocol/exchange.ts";
import type { Opening } from "../protocol/messages.ts";
import { fingerprint } from "../secure/fingerprint.ts";
import type { Identity } from "../home/identity.ts";
import { sleep } from "../sleep.ts";
import { joinHub } from "./join.ts";
import { type Address, formatAddress } from "../transport/address.ts";
import { formatDuration } from "../units.ts";
import { printable } from "../ui/printable.ts";
import type { Deliveries } from "./incoming.ts";
import type { Output } from "../cli/display/output.ts";
import { notePinned } from "../cli/prompts/ask_trust.ts";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** Who joins which hub, and how. */
export interface MembershipOptions {
  address: Address;
  identity: Identity;
  name: string;
  home: string;
  deliveries: Pick<Deliveries, "take">;
  /** Decides about a hub that is met for the first time. */
  trustNew: (fingerprint: string) => Promise<boolean>;
  /** For a hub that wants one. */
  secret: SecretSource;
  output: Output;
}

/** Being joined to a hub: over as many sessions as it takes (SPEC.md §15). */
export class Membership {
  readonly #options: MembershipOptions;
  /** The hub's fingerprint, once this session is joined to it. */
  #hub: string | undefined;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Stays joined, with growing pauses after each cut, until `signal` aborts or the hub refuses. */
  async keep(signal: AbortSignal): Promise<void> {
    const { output } = this.#options;
    let wasJoined = false;
    for (let pause = FIRST_PAUSE_MS;; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      try {
        await this.#once(signal, () => [wasJoined, pause] = [true, FIRST_PAUSE_MS]);
      } catch (error) {
        signal.throwIfAborted();
        if (!wasJoined || !(error instanceof P2pError) || error.code !== "connection") throw error;
        output.warning(`${error.message}; joining again in ${formatDuration(pause)}`);
      }
      await sleep(pause, signal);
    }
  }

  /** One session, to its end. */
  async #once(signal: AbortSignal, onJoined: () => void) {
    const connected = await this.#connect(signal);
    const { session } = connected;
    const leave = () => session.goodbye("bye", "leaving");
    signal.addEventListener("abort", leave, { once: true });
    try {
      signal.throwIfAborted();
      const exchange = session.open();
      this.#hub = connected.fingerprint; // What is brought from here on is judged by it.
      const { people } = await joinHub(exchange);
      onJoined();
      this.#announce(connected, people);
      this.#watch(exchange);
      await session.closed;
      signal.throwIfAborted();
      throw new P2pError("connection", "the hub ended the connection");
    } finally {
      this.#hub = undefined;
      signal.removeEventListener("abort", leave);
      session.abort();
    }
  }

  #connect(signal: AbortSignal): Promise<Connected> {
    const { address, identity, name, home, trustNew, secret, output } = this.#options;
    const where = formatAddress(address);
    return connect(address, {
      identity,
      name,
      home,
      trustNew,
      secret,
      onPinned: notePinned(where, output),
      onOpen: (exchange, opening) => void this.#open(exchange, opening),
      signal,
    });
  }

  #announce({ name: hub, fingerprint: shown }: Connected, people: number) {
    const { address, name, output } = this.#options;
    output.event({ event: "connected", ...address, name: hub, fingerprint: shown });
    output.event({
      event: "joined",
      peer: name,
      fingerprint: fingerprint(this.#options.identity.keyPair.publicKey),
    });
    const others = people === 0
      ? "nobody else is here"
      : people === 1
      ? "one other is here"
      : `${people} others are here`;
    output.result(
      `joined ${output.style.bold(printable(hub))} as ${
        output.style.bold(printable(name))
      }; ${others}`,
    );
  }

  /** Tells who comes and goes. */
  async #watch(exchange: Exchange) {
    const { output } = this.#options;
    try {
      while (true) {
        const message = await exchange.receive();
        if (message.type !== "presence") continue;
        const { name: peer, key, state } = message;
        output.event({
          event: state,
          peer,
          fingerprint: fingerprint(decodeKey(key)),
        });
        output.note(`${printable(peer)} has ${state}`);
      }
    } catch {
      // The session is over, and says why.
    }
  }

  /** Takes what the hub brings, once this session is joined to it. */
  async #open(exchange: Exchange, opening: Opening) {
    if (opening.type === "delivery" && this.#hub !== undefined) {
      return await this.#options.deliveries.take(exchange, opening, this.#hub);
    }
    const reason = "only deliveries are taken here";
    await exchange.send({ type: "refuse", code: "declined", reason }).catch(() => {});
    exchange.end();
  }
}
