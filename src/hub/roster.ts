import { setImmediate } from "node:timers/promises";
import type { KeyText } from "../secure/static_key.ts";
import type { Exchange } from "../protocol/exchange.ts";
import type { Session } from "../protocol/session.ts";
import type { Courier } from "./relay/courier.ts";
import type { Person } from "./name_registry.ts";
import { isCodeName } from "../secure/code.ts";

/**
 * News that may wait for a member's connection: who does not read them is not kept up to date, but
 * let go.
 */
const MAX_WAITING_NEWS = 5_000;

/** People who are told of something in one turn of the event loop. */
const TOLD_AT_ONCE = 32;

/** A person that came or went. */
interface News {
  name: string;
  id: KeyText;
  state: "joined" | "left";
}

/** A person that is here now. */
export interface Member {
  person: Person;
  session: Session;
  /** The exchange of `join`. */
  exchange: Exchange;
  courier: Courier;
  /** Milliseconds. */
  since: number;
}

/**
 * The people who are joined at this moment; each is told when another comes or goes (SPEC.md §15).
 */
export class Roster {
  readonly #members = new Map<string, Member>();
  readonly #waitingNews = new WeakMap<Member, number>();
  /** News, the first of which is being told, and to whom. */
  readonly #telling: { news: News; others: Member[] }[] = [];

  /** The number of people who are here. */
  get size(): number {
    return this.#members.size;
  }

  /** The member of that name (as its {@link Person} has it); undefined where it is away. */
  find(name: string): Member | undefined {
    return this.#members.get(name);
  }

  /** Takes a member in; gives the earlier session of the same person, which has lost its place. */
  add(member: Member): Member | undefined {
    const before = this.#members.get(member.person.name);
    this.#members.set(member.person.name, member);
    if (before === undefined) this.#tell(member.person, "joined");
    return before;
  }

  /** Lets a member go; false where another session has taken its place. */
  remove(member: Member): boolean {
    if (this.#members.get(member.person.name) !== member) return false;
    this.#members.delete(member.person.name);
    this.#tell(member.person, "left");
    return true;
  }

  #tell({ name, key }: Person, state: "joined" | "left") {
    if (isCodeName(name)) return; // Nobody's business but of the two who share a code.
    const others = [...this.#members.values()].filter(({ person }) => person.name !== name);
    this.#telling.push({ news: { name, id: key, state }, others });
    if (this.#telling.length === 1) this.#tellAll();
  }

  /**
   * Tells everything in its order, some people at a time: who comes in meanwhile does not wait for
   * a thousand letters.
   */
  async #tellAll() {
    for (let next; (next = this.#telling[0]) !== undefined; this.#telling.shift()) {
      for (const [i, member] of next.others.entries()) {
        if (i > 0 && i % TOLD_AT_ONCE === 0) await setImmediate();
        this.#tellMember(member, next.news);
      }
    }
  }

  #tellMember(member: Member, news: News) {
    const waiting = this.#waitingNews.get(member) ?? 0;
    if (waiting === MAX_WAITING_NEWS) return member.session.abort();
    this.#waitingNews.set(member, waiting + 1);
    member.exchange.send({ type: "presence", ...news })
      .catch(() => {}) // A lost connection is noticed by its session.
      .finally(() => this.#waitingNews.set(member, this.#waitingNews.get(member)! - 1));
  }
}
