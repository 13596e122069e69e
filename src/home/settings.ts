import { join } from "node:path";
import { checkedPeerName } from "../names/peer_name.ts";
import { hubInUse, knownHubs, useHub } from "./known_hubs.ts";
import { makePrivateFolder, readPrivateFile, replacePrivateFile } from "./private_file.ts";
import { formatAddress, parseAddress } from "../transport/address.ts";

const FILE = "settings.json";

/** The folder for what comes in, by default. */
export const DEFAULT_DIR = "./received";

/** The answers that the menu remembers. */
export interface Settings {
  /** The peer name that this person goes by. */
  name: string;
  /** The hub in use, `host:port`. */
  hub: string;
  /** The folder for what comes in: absolute, or {@link DEFAULT_DIR}. */
  dir: string;
}

/**
 * The settings in `home`; undefined at first, and where they are damaged or no hub is in use.
 * "local" where others may read them.
 */
export async function loadSettings(home: string): Promise<Settings | undefined> {
  const text = await readPrivateFile(join(home, FILE));
  if (text === undefined) return undefined;
  const inUse = hubInUse(await knownHubs(home))?.address;
  try {
    // Earlier versions kept the hub of the menu here.
    const { name, hub = "", dir = DEFAULT_DIR } = JSON.parse(text);
    if (typeof dir !== "string") return undefined;
    return { name: checkedPeerName(name), hub: inUse ?? formatAddress(parseAddress(hub)), dir };
  } catch {
    return undefined;
  }
}

/** Remembers settings in `home`, in a file of mode 0600, and puts the hub in use. */
export async function saveSettings(home: string, { name, hub, dir }: Settings): Promise<void> {
  await makePrivateFolder(home);
  await replacePrivateFile(home, FILE, JSON.stringify({ name, dir }, null, 2) + "\n");
  await useHub(home, hub);
}
