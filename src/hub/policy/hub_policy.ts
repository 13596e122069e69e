import { encodeKey } from "../../secure/static_key.ts";
import type { Sender } from "../../transfer/receive/acceptance.ts";
import type { NameRegistry } from "../name_registry.ts";
import { HUB, type Question, refusedBy, type Rule } from "./policy.ts";
import type { Offer } from "../../protocol/messages.ts";
import { fingerprint } from "../../secure/fingerprint.ts";
import { findPerson } from "../../home/known_people.ts";

/** The policy of a running hub, applied to the people there. */
export class HubPolicy {
  readonly #rules: readonly Rule[];
  readonly #home: string;
  readonly #people: NameRegistry;

  constructor(rules: readonly Rule[], { home, people }: { home: string; people: NameRegistry }) {
    this.#rules = rules;
    this.#home = home;
    this.#people = people;
  }

  /** The reason for which an offer to the hub itself is refused; undefined where it is taken. */
  async refusesOffer(from: Sender, { kind, size, folder }: Offer): Promise<string | undefined> {
    return refusedBy(this.#rules, { ...await this.#sender(from), to: HUB, kind, size, folder });
  }

  /** The reason for which a relay to a person is refused; undefined where it is taken. */
  async refusesRelay(
    from: Sender,
    { to, size }: { to: string; size: number | null },
  ): Promise<string | undefined> {
    return refusedBy(this.#rules, { ...await this.#sender(from), to, size });
  }

  /**
   * A name that is free to claim proves nothing: it counts where this key owns it, or is vouched
   * for under it.
   */
  async #sender({ key, name }: Sender): Promise<Pick<Question, "from" | "known">> {
    const vouched = await findPerson(this.#home, key);
    const owner = this.#people.find(name);
    const owns = owner?.key === encodeKey(key);
    const from = [fingerprint(key), ...vouched ? [vouched.name] : [], ...owns ? [name] : []];
    return { from, known: vouched !== undefined };
  }
}
