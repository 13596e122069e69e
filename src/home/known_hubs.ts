import { Buffer } from "node:buffer";
import { join } from "node:path";
import { P2pError } from "../errors.ts";
import { makePrivateFolder, readPrivateFile, replacePrivateFile } from "./private_file.ts";
import { X25519_BYTES } from "../secure/x25519.ts";

const FILE = "known_hubs.jsonl";

/** One pinned key: the hub at `address` (`host:port`) had `key` (base64url) when it was first met (ISO 8601). */
export interface KnownHub {
  address: string;
  key: string;
  since: string;
}

/** The key that is pinned for `address`; undefined at first contact (SPEC.md §4). */
export async function pinnedKey(home: string, address: string): Promise<Uint8Array | undefined> {
  const entry = (await knownHubs(home)).findLast((hub) => hub.address === address);
  return entry && new Uint8Array(Buffer.from(entry.key, "base64url"));
}

/** Pins `key` for `address`. One append of one line, so that several programs may do it at once. */
export async function pinKey(home: string, address: string, key: Uint8Array): Promise<void> {
  await makePrivateFolder(home);
  const entry: KnownHub = {
    address,
    key: Buffer.from(key).toString("base64url"),
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
  if (Buffer.from(hub.key, "base64url").length !== X25519_BYTES) {
    throw new TypeError("there is no key");
  }
  return hub;
}
