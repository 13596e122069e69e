import { encodeKey } from "../secure/static_key.ts";
import { P2pError } from "../errors.ts";
import type { Exchange } from "../protocol/exchange.ts";
import { MAX_OTHER_NAMES, type Message, type Offer, type Opening } from "../protocol/messages.ts";
import type { Session } from "../protocol/session.ts";
import type { Book } from "../storage/book/book.ts";
import { StorageError } from "../storage/storage_error.ts";
import { Courier } from "./relay/courier.ts";
import type { Peer } from "./hub.ts";
import { type HubEvent, relayed } from "./hub_event.ts";
import { Nameplates } from "./nameplates.ts";
import type { NameRegistry, Person } from "./name_registry.ts";
import { Intake, type RefusesRelay } from "./relay/intake.ts";
import { type Member, Roster } from "./roster.ts";
import type { Spool } from "./spool/spool.ts";
import { isCodeName } from "../secure/code.ts";

/** Options of a {@link Switchboard}. */
export interface SwitchboardOptions {
  people: NameRegistry;
  spool: Spool;
  /** Takes in the nameplates of codes; people and spool have the same one. */
  book: Book;
  /** Takes what is sent to the hub itself. */
  receive: (exchange: Exchange, offer: Offer, from: Peer) => void;
  /** Told what happens; `address` is that of whoever comes or goes. */
  report: (event: HubEvent, address?: string) => void;
  /** Most bytes of one transfer that is relayed. */
  maxBytes?: number | undefined;
  /** The hub's own rules for what is relayed. */
  refusesRelay?: RefusesRelay | undefined;
  /** Called with a failure of the hub itself; it goes on. */
  onError: (error: Error) => void;
}

/** An exchange that a peer has opened in its session. */
interface Opened {
  exchange: Exchange;
  opening: Opening;
  session: Session;
  /** The IP address that it comes from. */
  address?: string;
}

/**
 * Connects people: takes each exchange that a session opens where it belongs (SPEC.md §15, §16).
 *
 * A relay goes through four objects, which call each other back at three places:
 *
 * - A `join` makes a {@link Courier}, which brings one person what the spool has for it. Its
 * `onDelay` names a transfer that the person cannot take now; that, and the end of the session, go
 * to {@link Intake.tellAway}, and from there to the senders that wait.
 * - A `relay` goes to the {@link Intake}: it routes the envelopes, admits the transfer to the
 *   spool, and runs a `Visit` for its sender. Its `onStored` names each recipient that is away when
 *   all is on disk, for the hub's log.
 * - The visit takes the chunks. Its `onComing` lets the intake call the courier of each recipient
 * that is here; its `onStored` says that all chunks are on disk.
 *
 * The courier forwards the chunks, writes the outcome to the spool, and that wakes the visit, which
 * sends it to the sender.
 */
export class Switchboard {
  readonly #options: SwitchboardOptions;
  readonly #roster = new Roster();
  readonly #intake: Intake;
  readonly #nameplates: Nameplates;
  readonly #running = new Set<Promise<void>>();
  readonly #joined = new WeakSet<Session>();

  constructor(options: SwitchboardOptions) {
    this.#options = options;
    const { people, spool, report, book } = options;
    this.#nameplates = new Nameplates({ book });
    this.#intake = new Intake({
      people,
      spool,
      roster: this.#roster,
      maxBytes: options.maxBytes,
      refuses: options.refusesRelay,
      onStored: (transfer, to) => report(relayed(transfer, { to, state: "stored" })),
    });
  }

  /** The reason for which `peer` may not use its name here; undefined where it may. */
  refuseName({ name, key }: Peer): string | undefined {
    return this.#options.people.refusal(name, encodeKey(key));
  }

  /** True while somebody is joined under that name. */
  isJoined(name: string): boolean {
    return this.#roster.find(name) !== undefined;
  }

  /** Takes what `peer` has opened in its session. Never throws. */
  open(peer: Peer, opened: Opened): void {
    const { exchange, opening } = opened;
    // It was free when the session began; another key may have joined under it since.
    const refusal = this.refuseName(peer);
    if (refusal === undefined && opening.type === "offer") {
      return this.#options.receive(exchange, opening, peer);
    }
    const served = refusal === undefined
      ? this.#serve(peer, opened)
      : exchange.send({ type: "refuse", code: "person", reason: refusal });
    const running = served
      .catch((error) => this.#fail(error, opened))
      .finally(() => {
        exchange.end();
        this.#running.delete(running);
      });
    this.#running.add(running);
  }

  /** Resolves when everything that was opened has ended. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #serve(peer: Peer, { exchange, opening, session, address = "" }: Opened): Promise<void> {
    switch (opening.type) {
      case "join":
        return await this.#join(peer, { exchange, session, address, keep: opening.keep });
      case "list":
        return await this.#list(exchange);
      case "relay":
        return await this.#intake.take(exchange, { opening, from: peer });
      case "status":
        return await this.#status(exchange, peer);
      case "withdraw":
        return await this.#withdraw(exchange, opening, peer);
      case "nameplate":
        return await this.#nameplates.offer(exchange, {
          key: encodeKey(peer.key),
          network: peer.network,
        });
      case "claim":
        return await this.#nameplates.claim(exchange, { ...opening, address });
      default:
        return await exchange.send({
          type: "refuse",
          code: "declined",
          reason: `a hub takes no "${opening.type}"`,
        });
    }
  }

  /**
   * Answers a failure: a lost session has ended already, a broken protocol ends it, and what the
   * hub cannot do is said on both sides.
   */
  async #fail(error: unknown, { exchange, session }: Opened): Promise<void> {
    const code = error instanceof P2pError ? error.code : "unexpected";
    if (code === "connection" || (error as Error).name === "AbortError") return;
    if (code === "protocol") return await session.goodbye("protocol", (error as Error).message);
    if (code !== "refused") this.#options.onError(error as Error);
    await exchange.send({
      type: "cancel",
      code: error instanceof StorageError ? error.reason : code === "refused" ? "person" : "disk",
      reason: code === "unexpected" ? "the hub has failed" : (error as Error).message,
    }).catch(() => {}); // A lost session ends the exchange as well.
  }

  /** Keeps a person joined to the end of the session. */
  async #join(
    peer: Peer,
    { exchange, session, address, keep }: {
      exchange: Exchange;
      session: Session;
      address: string;
      keep: boolean;
    },
  ) {
    const { people, spool, report, onError } = this.#options;
    if (this.#joined.has(session)) throw new P2pError("protocol", "joined already");
    this.#joined.add(session);
    const { name: wanted, keys, network } = peer;
    const person = await people.claim(wanted, keys, { network, keep });
    const { name } = person;
    const courier = new Courier({
      ...{ person, session, spool, onError },
      onDelay: (transfer) => this.#intake.tellAway(name, transfer),
    });
    const member: Member = { person, session, exchange, courier, since: Date.now() };
    const names = this.#otherNames(person);
    await exchange.send({ type: "joined", people: this.#roster.size, names });
    const before = this.#roster.add(member);
    before?.session.goodbye("replaced", `"${name}" has joined from somewhere else`);
    const tell = (event: "joined" | "left") => {
      if (!isCodeName(name)) report({ event, peer: name, key: peer.key }, address);
    };
    if (before === undefined) tell("joined");
    for (const transfer of spool.waitingFor(person)) courier.take(transfer);
    await session.closed.catch(() => {}); // However it ends, the person has left.
    if (this.#roster.remove(member)) {
      tell("left");
      this.#intake.tellAway(name);
      await people.left(person);
    }
    await courier.end();
  }

  /** The other names of a person for which something waits. */
  #otherNames({ name, key }: Person) {
    const { people, spool } = this.#options;
    return people.namesOf(key).filter((other) => other !== name)
      .map((other) => ({ name: other, waiting: spool.countWaiting(other) }))
      .filter(({ waiting }) => waiting > 0).slice(0, MAX_OTHER_NAMES);
  }

  async #list(exchange: Exchange) {
    const { people, spool } = this.#options;
    for (const { name, keys, seen } of people.all()) {
      const member = this.#roster.find(name);
      await exchange.send({
        type: "person",
        name,
        keys,
        state: member === undefined ? "away" : "joined",
        since: member?.since ?? seen,
        waiting: spool.countWaiting(name),
      });
    }
    await exchange.send({ type: "listed" });
  }

  async #status(exchange: Exchange, { key }: Peer) {
    for (const transfer of this.#options.spool.sentBy(encodeKey(key))) {
      const { relay: { transfer: transferId, size, created, until, recipients }, outcomes } =
        transfer;
      for (const { name: to } of recipients) {
        await exchange.send({
          type: "entry",
          transfer: transferId,
          ...{ to, size, created, until },
          bytes: transfer.sentTo(to),
          code: transfer.stateOf(to),
          sealed: outcomes.get(to)?.sealed ?? null,
        });
      }
    }
    await exchange.send({ type: "listed" });
  }

  /** Gives a sender back what waits of one of its transfers. */
  async #withdraw(exchange: Exchange, { transfer: id, to }: Message<"withdraw">, { key }: Peer) {
    const { spool } = this.#options;
    const transfer = spool.find(encodeKey(key), id);
    if (transfer === undefined || transfer.upload.isComing) {
      const [code, reason] = transfer === undefined
        ? ["unknown", "the hub has no such transfer of yours"] as const
        : ["busy", "it is still being sent: stop that first"] as const;
      return await exchange.send({ type: "refuse", code, reason });
    }
    for (const name of await spool.giveUp(transfer, "withdrawn", to ?? undefined)) {
      await exchange.send({ type: "outcome", to: name, code: "withdrawn", sealed: null });
    }
    await exchange.send({ type: "listed" });
  }
}
