import { join } from "node:path";
import { fromBase64url, toBase64url } from "../bytes.ts";
import { P2pError } from "../errors.ts";
import { systemWords } from "../system_error.ts";
import { checkedPeerName } from "../names/peer_name.ts";
import { hostName } from "./host_name.ts";
import {
  createPrivateFile,
  makePrivateFolder,
  readPrivateFile,
  replacePrivateFile,
} from "./private_file.ts";
import { type IdentityKeys, identityKeys } from "../secure/identity_keys.ts";
import { kemKeyPair } from "../secure/ml_kem.ts";
import { keyPairFrom } from "../secure/x25519.ts";

const FILE = "identity.json";

/** This installation: its keys and, once chosen, its name (SPEC.md §1). */
export interface Identity {
  keyPair: IdentityKeys;
  name: string | undefined;
}

/**
 * The identity in `home`, made at first use: a file of mode 0600 in a folder of mode 0700. "local"
 * where it cannot be read or made, is damaged, or where others may read it.
 */
export async function loadIdentity(home: string): Promise<Identity> {
  const found = await readPrivateFile(join(home, FILE));
  if (found !== undefined) return await parse(found, join(home, FILE));
  await makePrivateFolder(home);
  const made = JSON.stringify(privateOf(await identityKeys()));
  try {
    // Where another process was faster, its identity is the one of this installation.
    await createPrivateFile(home, FILE, made + "\n");
  } catch (error) {
    throw new P2pError(
      "local",
      `cannot write the key of this machine to "${home}": ${systemWords(error)}`,
      {
        hint: "choose another folder with --home DIR or P2P_HOME",
        cause: error,
      },
    );
  }
  return await parse((await readPrivateFile(join(home, FILE)))!, join(home, FILE));
}

/** Gives this installation another name, and leaves its key. */
export async function renameIdentity(home: string, name: string): Promise<Identity> {
  const { keyPair } = await loadIdentity(home);
  await replacePrivateFile(home, FILE, JSON.stringify({ ...privateOf(keyPair), name }) + "\n");
  return { keyPair, name };
}

/** The name that this installation goes by: the chosen one, else that of the machine. */
export function ownName({ name = hostName() }: Identity): string {
  return checkedPeerName(name);
}

/** The private halves, as the file has them. */
function privateOf({ dhPair, kemPair }: IdentityKeys) {
  return { privateKey: toBase64url(dhPair.privateKey), kemSeed: toBase64url(kemPair.seed) };
}

async function parse(text: string, path: string): Promise<Identity> {
  try {
    const { privateKey, kemSeed, name } = JSON.parse(text);
    const kemPair = await kemKeyPair(fromBase64url(kemSeed));
    return {
      keyPair: await identityKeys(keyPairFrom(fromBase64url(privateKey)), kemPair),
      name: typeof name === "string" ? name : undefined,
    };
  } catch (error) {
    throw new P2pError("local", `cannot read the key of this machine in "${path}": it is damaged`, {
      hint:
        "restore it from a backup, or remove it to start with a key that others have to trust anew",
      cause: error,
    });
  }
}
