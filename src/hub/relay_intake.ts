import { P2pError } from "../errors.ts";
import type { Exchange } from "../protocol/exchange.ts";
import type { Message, OutcomeCode } from "../protocol/messages.ts";
import { CHUNK_BYTES, SEALED_CHUNK_BYTES } from "../secure/sealed_stream.ts";
import { storageError } from "../storage/storage_error.ts";
import type { Peer } from "./hub.ts";
import type { HubEvent } from "./hub_event.ts";
import { nearestName } from "./nearest_name.ts";
import type { People, Person } from "./people.ts";
import { encodedKey, type Roster } from "./roster.ts";
import type { Spool } from "./spool.ts";
import type { Relay, SpooledTransfer } from "./spooled_transfer.ts";

/** What an intake works with. */
export interface RelayIntakeOptions {
  people: People;
  spool: Spool;
  roster: Roster;
  report: (event: HubEvent) => void;
}

/** Takes transfers to people from their senders into the spool, and brings the outcomes back (SPEC.md §16). */
export class RelayIntake {
  readonly #options: RelayIntakeOptions;
  /** Uploads that are under way: one session at a time has each. */
  readonly #uploads = new Map<SpooledTransfer, Promise<void>>();

  constructor(options: RelayIntakeOptions) {
    this.#options = options;
  }

  /** Takes one transfer to its end: stored, and every receiver's outcome told, or the sender gone. */
  async take(
    exchange: Exchange,
    { opening, from }: { opening: Message<"relay">; from: Peer },
  ): Promise<void> {
    const recipients = await this.#route(exchange, opening.receivers);
    const senderKey = encodedKey(from.key);
    const known = this.#options.spool.find(senderKey, opening.transfer);
    const size = known === undefined ? opening.size ?? 0 : 0;
    const names = recipients.map(({ name }) => name);
    const reason = recipients.length === 0
      ? "nobody of that name is known here"
      : this.#options.spool.noRoom(size, { senderKey, names });
    if (reason !== undefined) {
      const code = recipients.length === 0 ? "person" : "quota";
      return await exchange.send({ type: "refuse", code, reason });
    }
    const { transfer, size: bytes } = opening;
    const created = Date.now();
    const until = created + this.#options.spool.keepMs;
    const relay = {
      transfer,
      from: { name: from.name, key: senderKey },
      size: bytes,
      created,
      until,
      recipients,
    };
    const spooled = known ?? await this.#options.spool.create(relay);
    if (!spooled.stored) await this.#upload(spooled, exchange);
    await exchange.send({ type: "stored", until: spooled.relay.until });
    this.#reportStored(spooled);
    await this.#tellOutcomes(spooled, exchange);
  }

  /** One `routed` for each envelope; gives those that have somewhere to go. */
  async #route(exchange: Exchange, receivers: number): Promise<Relay["recipients"]> {
    const recipients: Relay["recipients"] = [];
    for (let i = 0; i < receivers; i++) {
      const message = await exchange.receive();
      if (message.type !== "envelope") {
        throw new P2pError("protocol", `"${message.type}" instead of an envelope`);
      }
      const { to, sealed } = message;
      const person = this.#options.people.find(to);
      await exchange.send({ type: "routed", to, ...this.#routed(to, person) });
      if (person !== undefined) recipients.push({ name: person.name, key: person.key, sealed });
    }
    return recipients;
  }

  #routed(to: string, person: Person | undefined) {
    if (person !== undefined) {
      const state = this.#options.roster.find(person.name) === undefined
        ? "away" as const
        : "joined" as const;
      return { state, until: Date.now() + this.#options.spool.keepMs, reason: "" };
    }
    const near = nearestName(to, this.#options.people.all().map(({ name }) => name));
    const reason = `nobody named "${to}" has joined here${
      near === undefined ? "" : `: did you mean "${near}"?`
    }`;
    return { state: "refused" as const, until: null, reason };
  }

  /** Takes the chunks; receivers who are here get them at the same time. */
  async #upload(spooled: SpooledTransfer, exchange: Exchange) {
    await this.#uploads.get(spooled)?.catch(() => {});
    const upload = this.#takeChunks(spooled, exchange);
    this.#uploads.set(spooled, upload);
    try {
      await upload;
    } finally {
      this.#uploads.delete(spooled);
    }
  }

  async #takeChunks(spooled: SpooledTransfer, exchange: Exchange) {
    const offset = spooled.resumeAt * CHUNK_BYTES;
    await exchange.send({ type: "accept", offset, digest: null });
    const begin = await exchange.receive();
    if (begin.type !== "begin" || begin.offset !== offset) {
      throw new P2pError("protocol", `"${begin.type}" is no answer to an accept at ${offset}`);
    }
    await spooled.begin(begin.salt);
    for (const { name } of spooled.relay.recipients) {
      this.#options.roster.find(name)?.courier.take(spooled);
    }
    try {
      let previous = SEALED_CHUNK_BYTES;
      for await (const chunk of exchange.data) {
        if (previous < SEALED_CHUNK_BYTES) {
          throw new P2pError("protocol", "a short chunk is not the last");
        }
        previous = chunk.length;
        await spooled.append(chunk);
      }
      await spooled.finish();
    } catch (cause) {
      await spooled.pause();
      if (cause instanceof P2pError) throw cause;
      const { message } = storageError("cannot keep the transfer", cause);
      await exchange.send({ type: "cancel", code: "disk", reason: message });
      throw cause;
    }
  }

  /** Every outcome as it comes, until all are told or the sender has what it waits for. */
  async #tellOutcomes(spooled: SpooledTransfer, exchange: Exchange) {
    const left = exchange.receive().then(() => true, () => true);
    const told = new Set<string>();
    for (let gone = false; !gone;) {
      const { changed } = spooled;
      for (const { to, code, sealed } of spooled.outcomes.values()) {
        if (told.has(to)) continue;
        told.add(to);
        await exchange.send({ type: "outcome", to, code: code as OutcomeCode, sealed });
      }
      gone = await Promise.race([left, changed.then(() => false)]);
    }
  }

  #reportStored({ relay: { transfer, from, size, recipients } }: SpooledTransfer) {
    for (const { name: to } of recipients) {
      if (this.#options.roster.find(to) !== undefined) continue;
      this.#options.report({
        event: "relayed",
        transfer,
        from: from.name,
        to,
        bytes: size,
        state: "stored",
      });
    }
  }
}
