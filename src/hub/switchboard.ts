import type { Exchange } from "../protocol/exchange.ts";
import type { Offer, Opening, OutcomeCode } from "../protocol/messages.ts";
import type { Session } from "../protocol/session.ts";
import { Courier } from "./courier.ts";
import type { Peer } from "./hub.ts";
import type { HubEvent } from "./hub_event.ts";
import type { People } from "./people.ts";
import { RelayIntake } from "./relay_intake.ts";
import { encodedKey, type Member, Roster } from "./roster.ts";
import type { Spool } from "./spool.ts";
import type { SpooledTransfer } from "./spooled_transfer.ts";

/** What a switchboard is made of. */
export interface SwitchboardOptions {
  people: People;
  spool: Spool;
  /** Takes what is sent to the hub itself. */
  receive: (exchange: Exchange, offer: Offer, from: Peer) => void;
  report: (event: HubEvent) => void;
}

/** Connects people: what each session opens goes where it belongs (SPEC.md §15, §16). */
export class Switchboard {
  readonly #options: SwitchboardOptions;
  readonly #roster = new Roster();
  readonly #intake: RelayIntake;
  readonly #running = new Set<Promise<void>>();

  constructor(options: SwitchboardOptions) {
    this.#options = options;
    const { people, spool, report } = options;
    this.#intake = new RelayIntake({ people, spool, roster: this.#roster, report });
  }

  /** Why nobody but its owner may use that name here; undefined where `peer` may. */
  refuseName({ name, key }: Peer): string | undefined {
    if (this.#options.people.mayUse(name, key)) return undefined;
    return `the name "${name}" belongs to somebody else here; choose another one with --name`;
  }

  /** Takes what `peer` has opened in its session. Never throws. */
  open(
    peer: Peer,
    { exchange, opening, session }: { exchange: Exchange; opening: Opening; session: Session },
  ): void {
    if (opening.type === "offer") return this.#options.receive(exchange, opening, peer);
    const running = this.#serve(peer, { exchange, opening, session })
      .catch(() => {}) // A lost session says so itself.
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

  async #serve(
    peer: Peer,
    { exchange, opening, session }: { exchange: Exchange; opening: Opening; session: Session },
  ): Promise<void> {
    switch (opening.type) {
      case "join":
        return await this.#join(peer, { exchange, session });
      case "list":
        return await this.#list(exchange);
      case "relay":
        return await this.#intake.take(exchange, { opening, from: peer });
      case "status":
        return await this.#status(exchange, peer);
      default:
        return await exchange.send({
          type: "refuse",
          code: "declined",
          reason: `a hub takes no "${opening.type}"`,
        });
    }
  }

  /** Keeps somebody joined to the end of the session. */
  async #join(peer: Peer, { exchange, session }: { exchange: Exchange; session: Session }) {
    const { people, spool, report } = this.#options;
    const person = await people.claim(peer.name, peer.key);
    const courier = new Courier({
      name: person.name,
      session,
      onOutcome: (transfer, code) => this.#reportOutcome(transfer, { to: person.name, code }),
    });
    const member: Member = { person, session, exchange, courier, since: Date.now() };
    await exchange.send({ type: "joined", people: this.#roster.all().length });
    const before = this.#roster.add(member);
    before?.session.goodbye("replaced", "the same person has joined from somewhere else");
    if (before === undefined) report({ event: "joined", peer: person.name, key: peer.key });
    for (const transfer of spool.waitingFor(person.name)) courier.take(transfer);
    await session.closed.catch(() => {});
    person.seen = Date.now();
    if (this.#roster.remove(member)) report({ event: "left", peer: person.name, key: peer.key });
    await courier.end();
  }

  async #list(exchange: Exchange) {
    const { people, spool } = this.#options;
    for (const { name, key, seen } of people.all()) {
      const member = this.#roster.find(name);
      const state = member === undefined ? "away" : "joined";
      const waiting = spool.waitingFor(name).length;
      await exchange.send({
        type: "person",
        name,
        key,
        state,
        since: member?.since ?? seen,
        waiting,
      });
    }
    await exchange.send({ type: "listed" });
  }

  async #status(exchange: Exchange, { key }: Peer) {
    for (const transfer of this.#options.spool.sentBy(encodedKey(key))) {
      const { relay: { transfer: id, size, created, until, recipients }, outcomes } = transfer;
      for (const { name: to } of recipients) {
        const { code, sealed } = outcomes.get(to) ?? { code: undefined, sealed: null };
        const bytes = transfer.sentTo(to);
        await exchange.send({
          type: "entry",
          transfer: id,
          ...{ to, size, bytes, created, until, sealed },
          code: code as OutcomeCode | undefined ?? (bytes > 0 ? "running" : "waiting"),
        });
      }
    }
    await exchange.send({ type: "listed" });
  }

  #reportOutcome(
    { relay: { transfer, from, size } }: SpooledTransfer,
    { to, code }: { to: string; code: OutcomeCode },
  ) {
    const state = code === "delivered" || code === "expired" ? code : "refused";
    this.#options.report({ event: "relayed", transfer, from: from.name, to, bytes: size, state });
  }
}
