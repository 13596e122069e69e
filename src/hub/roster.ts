import { Buffer } from "node:buffer";
import type { Exchange } from "../protocol/exchange.ts";
import { isCodeName } from "../protocol/peer_name.ts";
import type { Session } from "../protocol/session.ts";
import type { Courier } from "./courier.ts";
import type { Person } from "./people.ts";

/** News that may wait for a member's connection: who does not read them is not kept up to date, but let go. */
const MAX_WAITING_NEWS = 5_000;

/** Somebody who is here now. */
export interface Member {
  person: Person;
  session: Session;
  /** The exchange of `join`. */
  exchange: Exchange;
  courier: Courier;
  /** Milliseconds. */
  since: number;
}

/** Who is joined at this moment, and who is told when somebody comes or goes (SPEC.md §15). */
export class Roster {
  readonly #members = new Map<string, Member>();
  readonly #waitingNews = new WeakMap<Member, number>();

  /** How many are here. */
  get size(): number {
    return this.#members.size;
  }

  /** The member of that name (as its {@link Person} has it); undefined where nobody is here under it. */
  find(name: string): Member | undefined {
    return this.#members.get(name);
  }

  /** Takes somebody in; gives the earlier session of the same person, which has lost its place. */
  add(member: Member): Member | undefined {
    const before = this.#members.get(member.person.name);
    this.#members.set(member.person.name, member);
    if (before === undefined) this.#tell(member.person, "joined");
    return before;
  }

  /** Lets somebody go, unless another session has taken the place. */
  remove(member: Member): boolean {
    if (this.#members.get(member.person.name) !== member) return false;
    this.#members.delete(member.person.name);
    this.#tell(member.person, "left");
    return true;
  }

  #tell({ name, key }: Person, state: "joined" | "left") {
    if (isCodeName(name)) return; // Nobody's business but of the two who share a code.
    for (const member of this.#members.values()) {
      if (member.person.name !== name) this.#tellMember(member, { name, key, state });
    }
  }

  #tellMember(member: Member, news: { name: string; key: string; state: "joined" | "left" }) {
    const waiting = this.#waitingNews.get(member) ?? 0;
    if (waiting === MAX_WAITING_NEWS) return member.session.abort();
    this.#waitingNews.set(member, waiting + 1);
    member.exchange.send({ type: "presence", ...news })
      .catch(() => {}) // A lost connection is noticed by its session.
      .finally(() => this.#waitingNews.set(member, this.#waitingNews.get(member)! - 1));
  }
}

/** A static key as it stands in messages. */
export function encodedKey(key: Uint8Array): string {
  return Buffer.from(key).toString("base64url");
}
