import { encodeKey } from "../../secure/static_key.ts";
import type { Sender } from "../../transfer/receive/acceptance.ts";
import type { NameRegistry } from "../name_registry.ts";
import { HUB, refusedBy, refusedNames, type Rule, type SenderFacts } from "./policy.ts";
import type { Offer } from "../../protocol/messages.ts";
import { fingerprint } from "../../secure/fingerprint.ts";
import { P2pError } from "../../errors.ts";
import { findPerson, vouchedKeys } from "../../home/known_people.ts";
import { foldedName } from "../../names/folded_name.ts";

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
    return refusedBy(this.#rules, { from: await this.#factsOf(from), to: HUB, kind, size, folder });
  }

  /** The reason for which a relay to a person is refused; undefined where it is taken. */
  async refusesRelay(
    from: Sender,
    { to, size }: { to: string; size: number | null },
  ): Promise<string | undefined> {
    return refusedBy(this.#rules, { from: await this.#factsOf(from), to, size });
  }

  /**
   * Throws "usage" where a rule refuses somebody by a name that is nobody's: whoever is meant would
   * take another.
   */
  async check(): Promise<void> {
    const vouched = await vouchedKeys(this.#home);
    for (const { name, rule } of refusedNames(this.#rules)) {
      if (vouched.has(foldedName(name)) || this.#people.find(name) !== undefined) continue;
      const why = `line ${rule.line} refuses "${name}", and nobody here has that name`;
      throw new P2pError("usage", `cannot use the policy: ${why}`, {
        hint:
          "name a fingerprint, as `p2p peers` shows it: whoever is refused by name alone takes another",
      });
    }
  }

  /**
   * A name that is free to claim proves nothing: those count that this key owns, whatever it goes
   * by now, or is vouched for under.
   */
  async #factsOf({ key }: Sender): Promise<SenderFacts> {
    const id = encodeKey(key);
    const vouched = await findPerson(this.#home, key);
    const owned = this.#people.namesOf(id).filter((name) => this.#people.mayUse(name, id));
    const names = vouched === undefined ? owned : [vouched.name, ...owned];
    return { fingerprint: fingerprint(key), names, known: vouched !== undefined };
  }
}
