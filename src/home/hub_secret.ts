import { join } from "node:path";
import { SECRET_WORDS } from "../secure/secret.ts";
import { createPrivateFile, makePrivateFolder, readPrivateFile } from "./private_file.ts";

const FILE = "hub_secret";

/** The secret of a hub, and its origin. */
export interface HubSecret {
  secret: string;
  /** The file that it is kept in; absent where it was handed in. */
  path?: string;
  /** It was made up now: it has to be shown, this once. */
  isNew?: true;
}

/** The secret that is kept in `home`: six words, made up at first. */
export async function keptSecret(home: string): Promise<HubSecret> {
  const path = join(home, FILE);
  const kept = (await readPrivateFile(path))?.trim();
  if (kept) return { secret: kept, path };
  const { randomWords } = await import("../secure/words.ts");
  const secret = randomWords(SECRET_WORDS).join("-");
  await makePrivateFolder(home);
  await createPrivateFile(home, FILE, secret + "\n");
  const written = (await readPrivateFile(path))!.trim(); // Another hub may have been faster.
  return { secret: written, path, isNew: true };
}
