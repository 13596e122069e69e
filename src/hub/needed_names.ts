import { isVouched, knownPeople } from "../home/known_people.ts";
import { foldedName } from "../names/folded_name.ts";
import type { Person } from "./name_registry.ts";
import type { Rule } from "./policy/policy.ts";
import type { Spool } from "./spool/spool.ts";
import type { Switchboard } from "./switchboard.ts";

/** What may need a name. */
export interface NameUses {
  /** The hub's home, with the people that its user has vouched for. */
  home: string;
  rules: readonly Rule[];
  spool: Spool;
  switchboard: Switchboard;
}

/**
 * Tells whether a name is needed whether or not anybody uses it: its owner is here or vouched for,
 * something waits for it, or a rule speaks of it.
 */
export async function neededNames(
  { home, rules, spool, switchboard }: NameUses,
): Promise<(person: Person) => boolean> {
  const vouched = new Set((await knownPeople(home)).filter(isVouched).map(({ key }) => key));
  const ruled = new Set(
    rules.flatMap(({ from = [], to = [] }) => [...from, ...to]).map((name) => foldedName(name)),
  );
  return ({ name, key }) =>
    switchboard.isJoined(name) || spool.countWaiting(name) > 0 || vouched.has(key) ||
    ruled.has(foldedName(name));
}
