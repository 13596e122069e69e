import { encodeKey } from "../../secure/static_key.ts";
import { P2pError } from "../../errors.ts";
import type { Exchange } from "../../protocol/exchange.ts";
import { MAX_REASON_LENGTH, type Message } from "../../protocol/messages.ts";
import type { NoRoom } from "../../storage/reservations.ts";
import type { Peer } from "../hub.ts";
import { nearestName } from "../../names/nearest_name.ts";
import type { NameRegistry, Person } from "../name_registry.ts";
import { Visit } from "./visit.ts";
import type { Roster } from "../roster.ts";
import type { Relay } from "../spool/spool_record.ts";
import type { Spool } from "../spool/spool.ts";
import type { SpooledTransfer } from "../spool/spooled_transfer.ts";

/** What an intake works with. */
export interface IntakeOptions {
  people: NameRegistry;
  spool: Spool;
  roster: Roster;
  /** Why something is not passed on to somebody; undefined where it is. */
  refuses?: RefusesRelay | undefined;
  /** Is told when a transfer is on disk for somebody who is away. */
  onStored: (transfer: SpooledTransfer, to: string) => void;
}

/**
 * What the hub's own rules say of something that is to be relayed; a size that nobody knows is
 * null.
 */
export type RefusesRelay = (
  from: Peer,
  about: { to: string; size: number | null },
) => Promise<string | undefined>;

/** Takes transfers to people from their senders into the spool (SPEC.md §16). */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #visits = new Map<SpooledTransfer, Set<Visit>>();
  /** The visit that brings the content; a later one takes its place. */
  readonly #uploads = new Map<SpooledTransfer, Visit>();

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /**
   * Takes one transfer to its end: stored, and every receiver's outcome told, or the sender gone.
   */
  async take(
    exchange: Exchange,
    { opening, from }: { opening: Message<"relay">; from: Peer },
  ): Promise<void> {
    const recipients = await this.#route(exchange, { opening, from });
    const admitted = await this.#admit(recipients, { opening, from });
    if ("code" in admitted) return await exchange.send({ type: "refuse", ...admitted });
    await this.#serve(admitted, exchange);
  }

  /** Tells senders who wait that somebody has left, or cannot take that one transfer now. */
  tellAway(name: string, only?: SpooledTransfer): void {
    for (const [transfer, visits] of this.#visits) {
      if (only !== undefined && transfer !== only) continue;
      if (!transfer.relay.recipients.some((recipient) => recipient.name === name)) continue;
      for (const visit of visits) visit.tellAway(name);
    }
  }

  /** One `routed` for each envelope; gives those that have somewhere to go. */
  async #route(
    exchange: Exchange,
    { opening: { receivers, size, transfer }, from }: { opening: Message<"relay">; from: Peer },
  ): Promise<Relay["recipients"]> {
    const begun = this.#options.spool.find(encodeKey(from.key), transfer);
    const recipients = new Map<string, Relay["recipients"][number]>();
    for (let i = 0; i < receivers; i++) {
      const message = await exchange.receive();
      if (message.type !== "envelope") {
        throw new P2pError("protocol", `"${message.type}" instead of an envelope`);
      }
      const { to, sealed } = message;
      // Who is here by a code alone is forgotten with the hub's process, and what was begun is not.
      const person = this.#options.people.find(to) ??
        begun?.relay.recipients.find(({ name }) => name === to);
      if (person !== undefined && recipients.has(person.name)) {
        throw new P2pError("protocol", `two envelopes for "${person.name}"`);
      }
      const no = person && await this.#options.refuses?.(from, { to: person.name, size });
      const routed = no === undefined
        ? this.#routed(to, person)
        : { state: "refused" as const, until: null, reason: no.slice(0, MAX_REASON_LENGTH) };
      await exchange.send({ type: "routed", to, ...routed });
      if (person !== undefined && no === undefined) {
        recipients.set(person.name, { name: person.name, key: person.key, sealed });
      }
    }
    return [...recipients.values()];
  }

  #routed(to: string, person: Pick<Person, "name"> | undefined) {
    if (person !== undefined) {
      const isHere = this.#options.roster.find(person.name) !== undefined;
      const until = Date.now() + this.#options.spool.keepMs;
      return { state: isHere ? "joined" as const : "away" as const, until, reason: "" };
    }
    const near = nearestName(to, this.#options.people.all().map(({ name }) => name));
    const guess = near === undefined ? "" : `: did you mean "${near}"?`;
    const reason = `nobody named "${to}" has joined here${guess}`.slice(0, MAX_REASON_LENGTH);
    return { state: "refused" as const, until: null, reason };
  }

  /** The transfer as it is known, or a new one, or why there is none. */
  async #admit(
    recipients: Relay["recipients"],
    { opening: { transfer, size }, from }: { opening: Message<"relay">; from: Peer },
  ): Promise<SpooledTransfer | NoRoom> {
    if (recipients.length === 0) {
      return { code: "person", reason: "nobody of those names is known here" };
    }
    const { spool, people } = this.#options;
    const key = encodeKey(from.key);
    const name = people.find(from.name)?.name ?? from.name;
    const known = spool.find(key, transfer);
    if (known === undefined) {
      return await spool.admit({ transfer, size, from: { name, key }, recipients });
    }
    if (recipients.some((recipient) => known.envelopeFor(recipient) === undefined)) {
      return { code: "declined", reason: "this transfer was begun for other people" };
    }
    if (known.stored || known.isComing) return known;
    return spool.noRoom(known, Math.max(0, (size ?? 0) - known.bytes)) ?? known;
  }

  async #serve(transfer: SpooledTransfer, exchange: Exchange) {
    const visit = new Visit(exchange, { spool: this.#options.spool, transfer });
    const visits = this.#visits.get(transfer) ?? new Set();
    this.#visits.set(transfer, visits.add(visit));
    const before = this.#uploads.get(transfer);
    if (!transfer.stored) this.#uploads.set(transfer, visit);
    try {
      if (!transfer.stored) await before?.replace();
      await visit.run({
        onComing: () => this.#callCouriers(transfer),
        onStored: () => this.#storedFor(transfer, visit),
      });
    } finally {
      visits.delete(visit);
      if (visits.size === 0) this.#visits.delete(transfer);
      if (this.#uploads.get(transfer) === visit) this.#uploads.delete(transfer);
    }
  }

  /** Receivers who are here get the chunks as they come. */
  #callCouriers(transfer: SpooledTransfer) {
    for (const { name } of transfer.relay.recipients) {
      this.#options.roster.find(name)?.courier.take(transfer);
    }
  }

  /** The one that brought it tells the hub; later visits only hear what became of it. */
  #storedFor(transfer: SpooledTransfer, visit: Visit) {
    if (this.#uploads.get(transfer) !== visit) return;
    this.#uploads.delete(transfer);
    for (const { name } of transfer.relay.recipients) {
      if (this.#options.roster.find(name) === undefined && !transfer.outcomes.has(name)) {
        this.#options.onStored(transfer, name);
      }
    }
  }
}
