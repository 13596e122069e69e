import { join } from "node:path";
import { P2pError } from "../errors.ts";
import { createPrivateFile, makePrivateFolder, readPrivateFile } from "../secure/private_file.ts";
import { isLoopback } from "../transport/address.ts";
import { givenSecret } from "./given_secret.ts";

const FILE = "hub_secret";

/** 66 bits: nobody guesses that at five tries a minute, and it cannot be searched offline. */
const WORD_COUNT = 6;

/** The secret of a hub, and where it comes from. */
export interface HubSecret {
  secret: string;
  /** Where it is kept, where nobody has given one. */
  path?: string;
  /** It was made up now: it has to be shown, this once. */
  isNew?: true;
}

/**
 * What who connects to a hub has to know: the secret that is given; else beyond loopback one that is made up and kept in
 * `home`, unless the hub is `open`. Undefined where nothing has to be known.
 */
export async function hubSecret(
  options: { host: string; open: boolean; secretFile?: string | undefined },
  home: string,
): Promise<HubSecret | undefined> {
  const { host, open } = options;
  const secret = await givenSecret(options);
  if (secret !== undefined && open) {
    throw new P2pError("usage", "--open lets anybody connect, and a secret is given too", {
      hint: "leave one of them out",
    });
  }
  if (secret !== undefined) return { secret };
  return open || isLoopback(host) ? undefined : await keptSecret(home);
}

async function keptSecret(home: string): Promise<HubSecret> {
  const path = join(home, FILE);
  const kept = (await readPrivateFile(path))?.trim();
  if (kept) return { secret: kept, path };
  const { randomWords } = await import("../secure/words.ts");
  const secret = randomWords(WORD_COUNT).join("-");
  await makePrivateFolder(home);
  await createPrivateFile(home, FILE, secret + "\n");
  const written = (await readPrivateFile(path))!.trim(); // Another hub may have been faster.
  return { secret: written, path, isNew: true };
}
