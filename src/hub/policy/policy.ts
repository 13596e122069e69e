import { sameName } from "../../names/folded_name.ts";
import { looksLikeFingerprint } from "../../names/reserved_name.ts";
import type { Kind } from "../../protocol/messages.ts";

/** Conditions of a rule; one that is left out fits everything. */
export interface Conditions {
  /**
   * Names or fingerprints; `known` means all people that this hub's user vouches for, `anybody` all
   * peers.
   */
  from?: readonly string[];
  /** Names of people; `hub` is the hub itself, `people` all others. */
  to?: readonly string[];
  /** Kinds of a file: what is relayed is sealed, and fits no rule with a kind. */
  kind?: readonly Kind[];
  /** Most and fewest bytes; an unknown size counts as more than any. */
  maxSize?: number;
  minSize?: number;
  /** True for a folder that is sent to the hub itself, false for a file. */
  folder?: boolean;
}

/** One rule of a policy. */
export interface Rule extends Conditions {
  allow: boolean;
  reason?: string;
  /** Its line in the policy file. */
  line: number;
}

/** Facts about a sender, which no name can be taken for. */
export interface SenderFacts {
  /** Undefined for somebody of whom a name alone is known. */
  fingerprint?: string;
  /** The names that its key owns, and the one that this hub's user vouches for. */
  names: readonly string[];
  /** True where this hub's user vouches for the key. */
  known: boolean;
}

/** A transfer to be judged. */
export interface Question {
  from: SenderFacts;
  /** `hub`, or a person's name. */
  to: string;
  /** Undefined for what is sealed. */
  kind?: Kind | undefined;
  size: number | null;
  folder?: boolean | undefined;
}

/** The word for the hub itself in `to`. */
export const HUB = "hub";

/** The first rule that fits; undefined where none does, which is a no. */
export function firstRule(rules: readonly Rule[], question: Question): Rule | undefined {
  return rules.find((rule) => fits(rule, question));
}

/** The first rule that fits from so many bytes on. */
export interface SizeStep {
  from: number;
  rule: Rule | undefined;
}

/** The rules that decide for a transfer of any size, from the smallest on: one where all are alike. */
export function rulesBySize(rules: readonly Rule[], question: Omit<Question, "size">): SizeStep[] {
  const borders = rules.flatMap(({ minSize = 0, maxSize = -1 }) => [minSize, maxSize + 1]);
  const steps = [...new Set([0, ...borders])].sort((a, b) => a - b)
    .map((from) => ({ from, rule: firstRule(rules, { ...question, size: from }) }));
  return steps.filter(({ rule }, i) => i === 0 || rule !== steps[i - 1]!.rule);
}

/** The reason for which the policy says no; undefined where it says yes. */
export function refusedBy(rules: readonly Rule[], question: Question): string | undefined {
  return reasonOf(firstRule(rules, question));
}

/** The reason of a no, where `rule` is the first that fits; undefined for a yes. */
export function reasonOf(rule: Rule | undefined): string | undefined {
  if (rule?.allow) return undefined;
  return rule?.reason ??
    (rule === undefined
      ? "the hub's policy has no rule that allows it"
      : "the hub's policy does not allow it");
}

function fits(rule: Rule, { from, to, kind, size, folder }: Question): boolean {
  const bytes = size ?? Infinity;
  return isFrom(rule.from, from) &&
    isTo(rule.to, to) &&
    (rule.kind === undefined || (kind !== undefined && !folder && rule.kind.includes(kind))) &&
    (rule.maxSize === undefined || bytes <= rule.maxSize) &&
    (rule.minSize === undefined || bytes >= rule.minSize) &&
    (rule.folder === undefined || rule.folder === folder);
}

function isFrom(wanted: Conditions["from"], sender: SenderFacts): boolean {
  return wanted === undefined || wanted.some((word) => standsFor(word, sender));
}

function standsFor(word: string, { fingerprint, names, known }: SenderFacts): boolean {
  if (word === "anybody") return true;
  if (word === "known") return known;
  if (looksLikeFingerprint(word)) return word.toLowerCase() === fingerprint;
  return names.some((name) => sameName(name, word));
}

function isTo(wanted: Conditions["to"], to: string): boolean {
  if (wanted === undefined) return true;
  if (to === HUB) return wanted.includes(HUB);
  return wanted.some((word) => word === "people" || (word !== HUB && sameName(word, to)));
}

/** A name that a rule refuses, and the rule. */
export interface RefusedName {
  name: string;
  rule: Rule;
}

/** The names by which rules refuse senders: each has to be somebody's, or it only asks for another name. */
export function refusedNames(rules: readonly Rule[]): RefusedName[] {
  return rules.filter(({ allow }) => !allow).flatMap((rule) =>
    (rule.from ?? []).filter(isName).map((name) => ({ name, rule }))
  );
}

function isName(word: string): boolean {
  return word !== "anybody" && word !== "known" && !looksLikeFingerprint(word);
}
