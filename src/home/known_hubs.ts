import { join } from "node:path";
import { P2pError } from "../errors.ts";
import { makePrivateFolder, readPrivateFile, replacePrivateFile } from "./private_file.ts";
import { decodeKey, encodeKey, type KeyText } from "../secure/static_key.ts";

const FILE = "known_hubs.jsonl";

/**
 * One pinned key: the hub at `address` (`host:port`) had `key` when it was first met (ISO 8601).
 */
export interface KnownHub {
  address: string;
  key: KeyText;
  since: string;
}

/** The key that is pinned for `address`; undefined at first contact (SPEC.md §4). */
export async function pinnedKey(home: string, address: string): Promise<Uint8Array | undefined> {
  const entry = (await knownHubs(home)).findLast((hub) => hub.address === address);
  return entry && decodeKey(entry.key);
}

/** Pins `key` for `address`. One append of one line, so that several programs may do it at once. */
export async function pinKey(home: string, address: string, key: Uint8Array): Promise<void> {
  await makePrivateFolder(home);
  const entry: KnownHub = {
    address,
    key: encodeKey(key),
    since: new Date().toISOString(),
  };
  await Deno.writeTextFile(join(home, FILE), JSON.stringify(entry) + "\n", {
    append: true,
    mode: 0o600,
  });
}

/** Forgets the pins of `address`; gives what they were. */
export async function forgetHub(home: string, address: string): Promise<KnownHub[]> {
  const hubs = await knownHubs(home);
  const left = hubs.filter((hub) => hub.address !== address);
  if (left.length < hubs.length) {
    const lines = left.map((hub) => JSON.stringify(hub) + "\n").join("");
    await replacePrivateFile(home, FILE, lines);
  }
  return hubs.filter((hub) => hub.address === address);
}

/** All pins in `home`, the oldest first; the last one of an address counts. */
export async function knownHubs(home: string): Promise<KnownHub[]> {
  const text = await readPrivateFile(join(home, FILE)) ?? "";
  try {
    return text.split("\n").filter((line) => line !== "").map(parse);
  } catch (error) {
    throw new P2pError("local", `cannot read "${join(home, FILE)}": a line is damaged`, {
      cause: error,
    });
  }
}

function parse(line: string): KnownHub {
  const hub = JSON.parse(line);
  if (typeof hub.address !== "string") throw new TypeError("there is no address");
  return { ...hub, key: encodeKey(decodeKey(hub.key)) };
}
