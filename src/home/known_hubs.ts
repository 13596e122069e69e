import { join } from "node:path";
import { P2pError } from "../errors.ts";
import { foldedName } from "../names/folded_name.ts";
import { decodeKey, encodeKey, type KeyText } from "../secure/static_key.ts";
import { formatAddress, isLoopback, parseAddress } from "../transport/address.ts";
import {
  appendPrivateLines,
  readPrivateFile,
  replacePrivateFile,
  whileLocked,
} from "./private_file.ts";

const FILE = "known_hubs.jsonl";

/** A hub at one address, as this installation remembers it. */
export interface KnownHub {
  /** `host:port`, as it was typed. */
  address: string;
  /** The pinned id; absent until it is reached. */
  key?: KeyText;
  /** ISO 8601: when it was first met, or added. */
  since: string;
  /** The short name that it has here. */
  name?: string;
  /** True for the one that is meant where none is named. */
  inUse?: true;
  /** The secret that it wants, once that has proved right. */
  secret?: string;
  /** The name that this installation joined under there. */
  me?: string;
}

/** What is learnt of a hub when it is reached. */
export interface HubFacts {
  secret?: string | undefined;
  me?: string | undefined;
}

/**
 * All hubs that are remembered in `home`, the oldest first: one for each address, of several lines
 * the last. "local" where the file is damaged, or others may read it.
 */
export async function knownHubs(home: string): Promise<KnownHub[]> {
  const text = await readPrivateFile(join(home, FILE)) ?? "";
  try {
    // What follows the last line's end is a line that another program writes just now.
    const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n").filter(Boolean);
    return [...new Map(lines.map(parse).map((hub) => [hub.address, hub])).values()];
  } catch (error) {
    throw new P2pError("local", `cannot read "${join(home, FILE)}": a line is damaged`, {
      cause: error,
    });
  }
}

/** The hub that `text` means: by its short name, else by its address. */
export function findHub(hubs: readonly KnownHub[], text: string): KnownHub | undefined {
  const wanted = foldedName(text);
  return hubs.find(({ name }) => name !== undefined && foldedName(name) === wanted) ??
    hubs.find(({ address }) => address === asAddress(text));
}

/** The hub that is meant where none is named; undefined where none was put in use. */
export function hubInUse(hubs: readonly KnownHub[]): KnownHub | undefined {
  return hubs.find(({ inUse }) => inUse);
}

/** The key that is pinned for `address`; undefined at first contact (SPEC.md §4). */
export async function pinnedKey(home: string, address: string): Promise<Uint8Array | undefined> {
  const key = (await knownHubs(home)).find((hub) => hub.address === address)?.key;
  return key && decodeKey(key);
}

/**
 * Pins `key` for `address`. A hub that is known by that key has moved: its secret and our name there
 * come along, its short name and its use only beyond loopback. Gives what it was before.
 */
export async function pinKey(
  home: string,
  address: string,
  key: Uint8Array,
): Promise<KnownHub | undefined> {
  let before: KnownHub | undefined;
  const text = encodeKey(key);
  await changeHubs(home, (hubs) => {
    const at = hubs.find((hub) => hub.address === address);
    const same = hubs.filter((hub) => hub.key === text);
    before = at ?? same.find(({ name }) => name !== undefined) ?? same.at(-1);
    const since = new Date().toISOString();
    if (at !== undefined || before === undefined) return [{ since, ...at, address, key: text }];
    const moves = !isLoopback(parseAddress(address).host);
    const { name: _, inUse: __, ...stays } = before;
    const moved = { ...moves ? before : stays, address, since };
    return moves && before.name !== undefined ? [stays, moved] : [moved];
  });
  return before;
}

/** Notes what was learnt of the hub at `address`, which is remembered already. */
export async function noteHub(home: string, address: string, facts: HubFacts): Promise<void> {
  await changeHubs(home, (hubs) => {
    const hub = hubs.find((hub) => hub.address === address);
    return hub === undefined ? [] : [{ ...hub, ...facts } as KnownHub];
  });
}

/**
 * Puts the hub at `address` in use, under a short name where one is given. "refused" where that
 * name is another hub's.
 */
export async function useHub(home: string, address: string, name?: string): Promise<void> {
  await changeHubs(home, (hubs) => {
    const taken = name === undefined ? undefined : findHub(hubs, name);
    if (taken?.name !== undefined && taken.address !== address) throw nameTaken(taken);
    const hub = hubs.find((hub) => hub.address === address);
    const since = new Date().toISOString();
    const used = {
      since,
      ...hub,
      address,
      ...name !== undefined && { name },
      inUse: true as const,
    };
    const before = hubInUse(hubs);
    if (before === undefined || before.address === address) return [used];
    const { inUse: _, ...unused } = before;
    return [unused, used];
  });
}

/**
 * Forgets the hub of a short name, at all addresses at which it has that key, or what is at one
 * address; gives what that was.
 */
export async function forgetHub(home: string, text: string): Promise<KnownHub[]> {
  return await whileLocked(home, async () => {
    const hubs = await knownHubs(home);
    const hub = findHub(hubs, text);
    const isNamed = hub !== undefined && hub.address !== asAddress(text);
    const isMeant = ({ address, key }: KnownHub) =>
      address === hub?.address || isNamed && key !== undefined && key === hub.key;
    const left = hubs.filter((one) => !isMeant(one)).map((one) => JSON.stringify(one) + "\n");
    if (left.length < hubs.length) await replacePrivateFile(home, FILE, left.join(""));
    return hubs.filter(isMeant);
  });
}

/** Adds the lines that `change` gives, while no other program changes the file. */
async function changeHubs(home: string, change: (hubs: KnownHub[]) => KnownHub[]): Promise<void> {
  await whileLocked(home, async () => {
    await appendPrivateLines(join(home, FILE), change(await knownHubs(home)));
  });
}

function nameTaken({ name, address }: KnownHub): P2pError {
  return new P2pError("refused", `"${name}" is the hub at ${address} already`, {
    hint: `choose another name, or run \`p2p hub forget ${name}\` first`,
  });
}

/** The address that may be meant; another text stays as it is. */
function asAddress(text: string): string {
  try {
    return formatAddress(parseAddress(text));
  } catch {
    return text;
  }
}

function parse(line: string): KnownHub {
  const hub = JSON.parse(line);
  if (typeof hub.address !== "string") throw new TypeError("there is no address");
  for (const field of ["name", "secret", "me"]) {
    if (!["string", "undefined"].includes(typeof hub[field])) throw new TypeError(field);
  }
  if (typeof hub.since !== "string" && hub.key === undefined) throw new TypeError("no key");
  return hub.key === undefined ? hub : { ...hub, key: encodeKey(decodeKey(hub.key)) };
}
