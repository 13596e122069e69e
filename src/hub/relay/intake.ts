import { tooLarge } from "../../storage/storage_error.ts";
import { P2pError } from "../../errors.ts";
import type { Exchange } from "../../protocol/exchange.ts";
import { MAX_REASON_LENGTH, type Message } from "../../protocol/messages.ts";
import { encodeKey, type KeyText } from "../../secure/static_key.ts";
import type { Account } from "../../storage/book/book.ts";
import type { NoRoom } from "../../storage/book/bounds.ts";
import type { Peer } from "../hub.ts";
import { nearestName } from "../../names/nearest_name.ts";
import type { NameRegistry } from "../name_registry.ts";
import { Visit } from "./visit.ts";
import type { Roster } from "../roster.ts";
import type { SpoolDraft } from "../spool/spool_draft.ts";
import type { Spool } from "../spool/spool.ts";
import type { SpooledTransfer } from "../spool/spooled_transfer.ts";

/** Pieces that an intake works with. */
export interface IntakeOptions {
  people: NameRegistry;
  spool: Spool;
  roster: Roster;
  /** Most bytes of one transfer. */
  maxBytes?: number | undefined;
  /** The hub's own rules. */
  refuses?: RefusesRelay | undefined;
  /** Called when a transfer is on disk for a recipient that is away. */
  onStored: (transfer: SpooledTransfer, to: string) => void;
}

/** The reason for which a relay is refused, undefined where it is not; an unknown size is null. */
export type RefusesRelay = (
  from: Peer,
  about: { to: string; size: number | null },
) => Promise<string | undefined>;

/** A sender, and the `relay` that it has opened an exchange with. */
export interface Relaying {
  opening: Message<"relay">;
  from: Peer;
}

/** A slip of the pen is guessed at for so many recipients, from so many people: it takes time. */
const MOST_GUESSED = 10;
const MOST_GUESSED_FROM = 1_000;

/** Somebody whom a transfer is for. */
type Person = { name: string; key: KeyText };

type Routed = Pick<Message<"routed">, "state" | "until" | "reason">;

/** Takes transfers to people from their senders into the spool (SPEC.md §16). */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #visits = new Map<SpooledTransfer, Set<Visit>>();
  /** The visit that brings the content; a later one takes its place. */
  readonly #uploads = new Map<SpooledTransfer, Visit>();

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Takes one transfer to its end: stored and every outcome sent, or the sender gone. */
  async take(exchange: Exchange, relaying: Relaying): Promise<void> {
    await using draft = this.#options.spool.draft(accountOf(relaying));
    const recipients = await this.#route(exchange, relaying, draft);
    const admitted = await this.#admit(recipients, { relaying, draft });
    if ("code" in admitted) return await exchange.send({ type: "refuse", ...admitted });
    await this.#serve(admitted, exchange);
  }

  /** Tells senders who wait that a person has left, or cannot take one transfer (`only`) now. */
  tellAway(name: string, only?: SpooledTransfer): void {
    for (const [transfer, visits] of this.#visits) {
      if (only !== undefined && transfer !== only) continue;
      if (!transfer.relay.recipients.some((recipient) => recipient.name === name)) continue;
      for (const visit of visits) visit.tellAway(name);
    }
  }

  /**
   * Answers each envelope by one `routed`, and puts those in the draft that have somewhere to go;
   * gives the people that these are for. Of what has come before there are envelopes already.
   */
  async #route(
    exchange: Exchange,
    { opening, from }: Relaying,
    draft: SpoolDraft,
  ): Promise<Person[]> {
    const begun = this.#options.spool.find(encodeKey(from.key), opening.transfer);
    const isNew = begun === undefined || begun.upload.chunks === 0;
    const recipients = new Map<string, Person>();
    for (let i = 0; i < opening.receivers; i++) {
      const { to, sealed } = await nextEnvelope(exchange);
      const person = this.#findPerson(to, begun);
      if (person !== undefined && recipients.has(person.name)) {
        throw new P2pError("protocol", `two envelopes for "${person.name}"`);
      }
      const routed = person === undefined
        ? await this.#unknown(to, opening.receivers)
        : await this.#routedTo(person.name, { opening, from });
      await exchange.send({ type: "routed", to, ...routed });
      if (person === undefined || routed.state === "refused") continue;
      recipients.set(person.name, person);
      if (isNew) await draft.add(person, sealed);
    }
    return [...recipients.values()];
  }

  /**
   * The person of that name. A person who is here by a code alone is forgotten with the hub's
   * process, and a transfer that was begun is not.
   */
  #findPerson(to: string, begun: SpooledTransfer | undefined) {
    return this.#options.people.find(to) ??
      begun?.relay.recipients.find(({ name }) => name === to);
  }

  async #routedTo(to: string, { opening: { size }, from }: Relaying): Promise<Routed> {
    const { refuses, roster, spool } = this.#options;
    const no = await refuses?.(from, { to, size });
    if (no !== undefined) return refused(no);
    const state = roster.find(to) === undefined ? "away" : "joined";
    return { state, until: Date.now() + spool.keepMs, reason: "" };
  }

  async #unknown(to: string, receivers: number): Promise<Routed> {
    const { people } = this.#options;
    const isGuessed = receivers <= MOST_GUESSED && people.size <= MOST_GUESSED_FROM;
    const names = isGuessed ? people.all().map(({ name }) => name) : [];
    const near = await nearestName(to, names);
    const guess = near === undefined ? "" : `: did you mean "${near}"?`;
    return refused(`nobody named "${to}" has joined here${guess}`);
  }

  /** The transfer as it is known, or a new one, or the reason for which there is none. */
  async #admit(
    recipients: Person[],
    { relaying: { opening: { transfer: transferId, size }, from }, draft }: {
      relaying: Relaying;
      draft: SpoolDraft;
    },
  ): Promise<SpooledTransfer | NoRoom> {
    if (recipients.length === 0) {
      return { code: "person", reason: "nobody of those names is known here" };
    }
    const { spool, people, maxBytes = Infinity } = this.#options;
    if (size !== null && size > maxBytes) {
      return { code: "size", reason: tooLarge(size, maxBytes) };
    }
    const key = encodeKey(from.key);
    const name = people.find(from.name)?.name ?? from.name;
    const known = spool.find(key, transferId);
    if (known === undefined) {
      return await spool.admit(draft, { transfer: transferId, size, from: { name, key } });
    }
    if (recipients.some((recipient) => !known.isFor(recipient))) {
      return { code: "declined", reason: "this transfer was begun for other people" };
    }
    await known.ready();
    const { isStored, isComing, bytes } = known.upload;
    if (isStored || isComing) return known;
    return spool.noRoom(known, Math.max(size ?? 0, bytes)) ?? known;
  }

  async #serve(transfer: SpooledTransfer, exchange: Exchange) {
    const { isStored } = transfer.upload;
    const visit = new Visit(exchange, { ...this.#options, transfer });
    const visits = this.#visits.get(transfer) ?? new Set();
    this.#visits.set(transfer, visits.add(visit));
    const before = this.#uploads.get(transfer);
    if (!isStored) this.#uploads.set(transfer, visit);
    try {
      if (!isStored) await before?.replace();
      await visit.run({
        onComing: () => this.#callCouriers(transfer),
        onStored: () => this.#storedBy(visit, transfer),
      });
    } finally {
      visits.delete(visit);
      if (visits.size === 0) this.#visits.delete(transfer);
      if (this.#uploads.get(transfer) === visit) this.#uploads.delete(transfer);
      if (visits.size === 0) await this.#options.spool.forgetEmpty(transfer);
    }
  }

  /** Recipients who are here get the chunks as they come. */
  #callCouriers(transfer: SpooledTransfer) {
    for (const { name } of transfer.relay.recipients) {
      this.#options.roster.find(name)?.courier.take(transfer);
    }
  }

  /** Reports a transfer of the visit that brought it; later visits only get its outcomes. */
  #storedBy(visit: Visit, transfer: SpooledTransfer) {
    if (this.#uploads.get(transfer) !== visit) return;
    this.#uploads.delete(transfer);
    for (const name of transfer.waiting) {
      if (this.#options.roster.find(name) === undefined) this.#options.onStored(transfer, name);
    }
  }
}

function accountOf({ from: { key, network } }: Relaying): Account {
  return { key: encodeKey(key), network };
}

async function nextEnvelope(exchange: Exchange): Promise<Message<"envelope">> {
  const message = await exchange.receive();
  if (message.type === "envelope") return message;
  throw new P2pError("protocol", `"${message.type}" instead of an envelope`);
}

function refused(reason: string): Routed {
  return { state: "refused", until: null, reason: reason.slice(0, MAX_REASON_LENGTH) };
}
