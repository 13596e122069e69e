import { join } from "node:path";
import { P2pError } from "../errors.ts";
import { foldedName, sameName } from "../names/folded_name.ts";
import { formatCount } from "../units.ts";
import { fingerprint } from "../secure/fingerprint.ts";
import {
  appendPrivateLines,
  readPrivateFile,
  replacePrivateFile,
  whileLocked,
} from "./private_file.ts";
import { decodeKey, encodeKey, type KeyText } from "../secure/static_key.ts";

const FILE = "known_people.jsonl";

/** People that one hub may have named here: a hub makes names for nothing. */
export const MOST_OF_HUB = 10_000;

/** A person whose id is known. */
export interface KnownPerson {
  name: string;
  key: KeyText;
  /**
   * `code` or `hand` where this user has vouched, else the fingerprint of the hub that named it.
   */
  via: string;
  /** ISO 8601. */
  since: string;
}

/** Somebody that a hub has named. */
interface Met {
  name: string;
  key: Uint8Array;
}

/**
 * All people that are known in `home`. Of a name at a hub only the first line counts: of two
 * programs that meet it at once and each add a line, both hold it to the same one.
 */
export async function knownPeople(home: string): Promise<KnownPerson[]> {
  const path = join(home, FILE);
  const text = await readPrivateFile(path) ?? "";
  const named = new Set<string>();
  try {
    return parseLines(text).filter((one) => {
      const name = `${one.via} ${foldedName(one.name)}`;
      return isVouched(one) || !named.has(name) && named.add(name);
    });
  } catch (cause) {
    throw new P2pError("local", `cannot read "${path}": a line is damaged`, { cause });
  }
}

/**
 * True where this user has vouched for a person, by code or by hand; what hubs say does not count.
 */
export function isVouched({ via }: KnownPerson): boolean {
  return via === "code" || via === "hand";
}

/** The person with that id for whom this user has vouched; undefined where there is none. */
export async function findPerson(home: string, key: Uint8Array): Promise<KnownPerson | undefined> {
  const wanted = encodeKey(key);
  return (await knownPeople(home)).findLast((one) => one.key === wanted && isVouched(one));
}

/** The key of each person for whom this user has vouched, by folded name: the first counts. */
export async function vouchedKeys(home: string): Promise<Map<string, KeyText>> {
  const vouched = (await knownPeople(home)).filter(isVouched);
  return new Map(vouched.reverse().map(({ name, key }) => [foldedName(name), key]));
}

/**
 * Holds a name at a hub to the key that this user has vouched for, or that it had when it was first
 * met there (SPEC.md §15): remembers it then, and throws `P2pError` "refused" when it is another
 * one. `hub` is the hub's fingerprint.
 */
export async function checkPerson(
  home: string,
  { hub, name, key }: { hub: string; name: string; key: Uint8Array },
): Promise<void> {
  const [error] = await checkPeople(home, { hub, people: [{ name, key }] });
  if (error !== undefined) throw error;
}

/** {@link checkPerson} for many at once; gives an error for each whose key is another one. */
export async function checkPeople(
  home: string,
  { hub, people }: { hub: string; people: readonly Met[] },
): Promise<P2pError[]> {
  let known = await peopleAt(hub, home);
  const met = people.filter(({ name }) => !known.has(foldedName(name)));
  const full = await tooMany(home, hub, met);
  if (full !== undefined) return [full];
  if (met.length > 0) {
    await remember(home, ...met.map(({ name, key }) => ({ name, key: encodeKey(key), via: hub })));
    // Read again: another program may have met them at the same moment, and was first.
    known = await peopleAt(hub, home);
  }
  return people.flatMap(({ name, key }) => {
    const before = known.get(foldedName(name));
    return before === undefined || before.key === encodeKey(key) ? [] : [keyChanged(before, key)];
  });
}

/** {@link checkPeople} for all that a hub lists: who is new is remembered while there is room. */
export async function checkListed(
  home: string,
  { hub, people }: { hub: string; people: readonly Met[] },
): Promise<P2pError[]> {
  const known = await peopleAt(hub, home);
  const isKnown = ({ name }: Met) => known.has(foldedName(name));
  const [before, met] = [people.filter(isKnown), people.filter((one) => !isKnown(one))];
  const remembered = met.slice(0, await roomFor(hub, home));
  return await checkPeople(home, { hub, people: [...before, ...remembered] });
}

/** How many more people of a hub can be remembered. */
async function roomFor(hub: string, home: string): Promise<number> {
  const ofHub = (await knownPeople(home)).filter(({ via }) => via === hub);
  return Math.max(0, MOST_OF_HUB - ofHub.length);
}

/** The error where no more people of a hub are remembered. */
async function tooMany(home: string, hub: string, met: Met[]): Promise<P2pError | undefined> {
  if (met.length === 0) return undefined;
  const room = await roomFor(hub, home);
  if (met.length <= room) return undefined;
  const most = `${formatCount(MOST_OF_HUB)} people of one hub are remembered at most`;
  const message = `cannot remember "${met[0]!.name}": ${most}, ${formatCount(room)} more can be`;
  return new P2pError("refused", message, {
    hint: "make room by `p2p trust forget NAME`, or vouch for who it is by `p2p trust add`",
  });
}

/**
 * The people that count at a hub, by folded name: those vouched for before those that it has named,
 * and of each the first, which only `p2p trust forget` takes away.
 */
async function peopleAt(hub: string, home: string): Promise<Map<string, KnownPerson>> {
  const known = new Map<string, KnownPerson>();
  for (const one of await knownPeople(home)) {
    const name = foldedName(one.name);
    const before = known.get(name);
    const counts = isVouched(one)
      ? before === undefined || !isVouched(before)
      : one.via === hub && before === undefined;
    if (counts) known.set(name, one);
  }
  return known;
}

/** Vouches for a key under a name; "refused" where the name is known with another key. */
export async function addPerson(
  home: string,
  { name, key, via }: { name: string; key: Uint8Array; via: "code" | "hand" },
): Promise<void> {
  const called = (await knownPeople(home)).filter((one) => sameName(one.name, name));
  const other = called.findLast((one) => one.key !== encodeKey(key));
  if (other !== undefined) throw keyChanged(other, key);
  if (!called.some(isVouched)) await remember(home, { name, key: encodeKey(key), via });
}

/** Forgets all people called `name`, whoever vouched for them; gives their entries. */
export async function forgetPerson(home: string, name: string): Promise<KnownPerson[]> {
  return await whileLocked(home, async () => {
    const people = await knownPeople(home);
    const left = people.filter((one) => !sameName(one.name, name));
    if (left.length < people.length) await write(home, left);
    return people.filter((one) => sameName(one.name, name));
  });
}

/**
 * Renames the person for whom this user has vouched: a hub's names are not ours to change. Gives
 * the renamed entries.
 */
export async function renamePerson(
  home: string,
  { from, to }: { from: string; to: string },
): Promise<KnownPerson[]> {
  return await whileLocked(home, async () => {
    const people = await knownPeople(home);
    const renamed = people.filter((one) => sameName(one.name, from) && isVouched(one));
    const taken = people.findLast((one) => sameName(one.name, to));
    if (renamed.length > 0 && taken !== undefined && taken.key !== renamed[0]!.key) {
      throw new P2pError("refused", `cannot rename "${from}": "${to}" is another person`, {
        hint: `choose another name, or run \`${forgetLine(to)}\` first`,
      });
    }
    const all = people.map((one) => renamed.includes(one) ? { ...one, name: to } : one);
    if (renamed.length > 0) await write(home, all);
    return renamed;
  });
}

/** The command line that forgets a person, for a shell. */
export function forgetLine(name: string): string {
  const plain = /^[\w.][\w.-]*$/.test(name);
  return `p2p trust forget ${plain ? name : `-- '${name.replaceAll("'", `'\\''`)}'`}`;
}

function keyChanged(known: KnownPerson, key: Uint8Array): P2pError {
  const change = `it was ${fingerprint(decodeKey(known.key))}, it is ${fingerprint(key)}`;
  return new P2pError("refused", `the key of "${known.name}" has changed: ${change}`, {
    hint: `the hub may be lying. If the change is right, run \`${forgetLine(known.name)}\``,
  });
}

async function remember(home: string, ...people: Omit<KnownPerson, "since">[]): Promise<void> {
  const since = new Date().toISOString();
  const lines = people.map((person) => ({ ...person, since }));
  await whileLocked(home, () => appendPrivateLines(join(home, FILE), lines));
}

async function write(home: string, people: KnownPerson[]): Promise<void> {
  const lines = people.map((person) => JSON.stringify(person) + "\n").join("");
  await replacePrivateFile(home, FILE, lines);
}

function parseLines(text: string): KnownPerson[] {
  const lines = text.split("\n");
  const last = lines.pop()!;
  return [...lines.filter((line) => line !== "").map(parse), ...parseUnfinished(last)];
}

/** A line without its end may be one that another program writes just now. */
function parseUnfinished(line: string): KnownPerson[] {
  try {
    return [parse(line)];
  } catch {
    return [];
  }
}

function parse(line: string): KnownPerson {
  const { name, key, via, since } = JSON.parse(line);
  if ([name, via, since].some((field) => typeof field !== "string")) throw new TypeError(line);
  return { name, key: encodeKey(decodeKey(key)), via, since };
}
