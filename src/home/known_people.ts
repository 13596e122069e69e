import { join } from "node:path";
import { P2pError } from "../errors.ts";
import { foldedName } from "../names/folded_name.ts";
import { fingerprint } from "../secure/fingerprint.ts";
import { makePrivateFolder, readPrivateFile, replacePrivateFile } from "./private_file.ts";
import { decodeKey, encodeKey, type KeyText } from "../secure/static_key.ts";

const FILE = "known_people.jsonl";

/** Somebody whose key is known. */
export interface KnownPerson {
  name: string;
  key: KeyText;
  /** Who said so: `code` or `hand` for this user, else the fingerprint of the hub that named it. */
  via: string;
  /** ISO 8601. */
  since: string;
}

/** All people that are known in `home`. */
export async function knownPeople(home: string): Promise<KnownPerson[]> {
  const path = join(home, FILE);
  const text = await readPrivateFile(path) ?? "";
  try {
    return text.split("\n").filter((line) => line !== "").map(parse);
  } catch (cause) {
    throw new P2pError("local", `cannot read "${path}": a line is damaged`, { cause });
  }
}

/** Whether this user has vouched for somebody, by code or by hand; what hubs say does not count. */
export function isVouched({ via }: KnownPerson): boolean {
  return via === "code" || via === "hand";
}

/** Somebody that this user has vouched for, with that static key. */
export async function findPerson(home: string, key: Uint8Array): Promise<KnownPerson | undefined> {
  const wanted = encodeKey(key);
  return (await knownPeople(home)).findLast((one) => one.key === wanted && isVouched(one));
}

/**
 * Holds a name at a hub to the key that this user has vouched for, or that it had when it was first met there (SPEC.md
 * §15): remembers it then, and throws `P2pError` "refused" when it is another one. `hub` is the hub's fingerprint.
 */
export async function checkPerson(
  home: string,
  { hub, name, key }: { hub: string; name: string; key: Uint8Array },
): Promise<void> {
  const [error] = await checkPeople(home, { hub, people: [{ name, key }] });
  if (error !== undefined) throw error;
}

/** {@link checkPerson} for many at once; gives an error for each whose key is another one. */
export function checkPeople(
  home: string,
  { hub, people }: { hub: string; people: readonly { name: string; key: Uint8Array }[] },
): Promise<P2pError[]> {
  // One after the other: two that meet a name for the first time must not both remember it.
  const checked = checking.then(async () => {
    const known = new Map<string, KnownPerson>();
    for (const one of await knownPeople(home)) {
      const before = known.get(foldedName(one.name));
      const counts = isVouched(one) || (one.via === hub && before === undefined);
      if (counts) known.set(foldedName(one.name), one);
    }
    const news = people.filter(({ name }) => !known.has(foldedName(name)));
    if (news.length > 0) {
      await remember(
        home,
        ...news.map(({ name, key }) => ({ name, key: encodeKey(key), via: hub })),
      );
    }
    return people.flatMap(({ name, key }) => {
      const before = known.get(foldedName(name));
      return before === undefined || before.key === encodeKey(key) ? [] : [keyChanged(before, key)];
    });
  });
  checking = checked.catch(() => {});
  return checked;
}

let checking: Promise<unknown> = Promise.resolve();

/** Vouches for a key under a name; "refused" where the name is known with another key. */
export async function addPerson(
  home: string,
  { name, key, via }: { name: string; key: Uint8Array; via: "code" | "hand" },
): Promise<void> {
  const called = (await knownPeople(home)).filter((one) => one.name === name);
  const other = called.findLast((one) => one.key !== encodeKey(key));
  if (other !== undefined) throw keyChanged(other, key);
  if (!called.some(isVouched)) await remember(home, { name, key: encodeKey(key), via });
}

/** Forgets everybody called `name`, whoever vouched; gives who that was. */
export async function forgetPerson(home: string, name: string): Promise<KnownPerson[]> {
  const people = await knownPeople(home);
  const left = people.filter((one) => one.name !== name);
  if (left.length < people.length) await write(home, left);
  return people.filter((one) => one.name === name);
}

/** Calls those for whom this user has vouched otherwise: a hub's names are not ours to change. Gives who that was. */
export async function renamePerson(
  home: string,
  { from, to }: { from: string; to: string },
): Promise<KnownPerson[]> {
  const people = await knownPeople(home);
  const renamed = people.filter((one) => one.name === from && isVouched(one));
  const taken = people.findLast((one) => one.name === to);
  if (renamed.length > 0 && taken !== undefined && taken.key !== renamed[0]!.key) {
    throw new P2pError("refused", `cannot rename "${from}": "${to}" is somebody else`, {
      hint: `choose another name, or run \`${forgetLine(to)}\` first`,
    });
  }
  const all = people.map((one) => renamed.includes(one) ? { ...one, name: to } : one);
  if (renamed.length > 0) await write(home, all);
  return renamed;
}

/** The line that forgets somebody, for a shell. */
export function forgetLine(name: string): string {
  const plain = /^[\w.][\w.-]*$/.test(name);
  return `p2p trust forget ${plain ? name : `-- '${name.replaceAll("'", `'\\''`)}'`}`;
}

function keyChanged(known: KnownPerson, key: Uint8Array): P2pError {
  const change = `it was ${fingerprint(decodeKey(known.key))}, it is ${fingerprint(key)}`;
  return new P2pError("refused", `the key of "${known.name}" has changed: ${change}`, {
    hint: `somebody may be lying. If the change is right, run \`${forgetLine(known.name)}\``,
  });
}

async function remember(home: string, ...people: Omit<KnownPerson, "since">[]): Promise<void> {
  await makePrivateFolder(home);
  const since = new Date().toISOString();
  const lines = people.map((person) => JSON.stringify({ ...person, since }) + "\n").join("");
  await Deno.writeTextFile(join(home, FILE), lines, { append: true, mode: 0o600 });
}

async function write(home: string, people: KnownPerson[]): Promise<void> {
  const lines = people.map((person) => JSON.stringify(person) + "\n").join("");
  await replacePrivateFile(home, FILE, lines);
}

function parse(line: string): KnownPerson {
  const { name, key, via, since } = JSON.parse(line);
  if ([name, via, since].some((field) => typeof field !== "string")) throw new TypeError(line);
  return { name, key: encodeKey(decodeKey(key)), via, since };
}
