import { Buffer } from "node:buffer";
import type { Exchange } from "../protocol/exchange.ts";
import type { Session } from "../protocol/session.ts";
import type { Courier } from "./courier.ts";
import type { Person } from "./people.ts";

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

  /** Everybody who is here. */
  all(): Member[] {
    return [...this.#members.values()];
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
    for (const { exchange, person } of this.#members.values()) {
      if (person.name === name) continue;
      exchange.send({ type: "presence", name, key, state }).catch(() => {}); // A lost one is noticed by its session.
    }
  }
}

/** A static key as it stands in messages. */
export function encodedKey(key: Uint8Array): string {
  return Buffer.from(key).toString("base64url");
}
