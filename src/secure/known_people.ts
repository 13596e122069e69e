import { Buffer } from "node:buffer";
import { join } from "node:path";
import { P2pError } from "../errors.ts";
import { fingerprint } from "./fingerprint.ts";
import { makePrivateFolder, readPrivateFile } from "./private_file.ts";

const FILE = "known_people.jsonl";

/** Somebody whose key is known. */
export interface KnownPerson {
  name: string;
  /** The static key, base64url. */
  key: string;
  /** Who said so: the fingerprint of the hub that named it, `code` or `hand`. */
  via: string;
  /** ISO 8601. */
  since: string;
}

/** All people that are known in `home`. */
export async function knownPeople(home: string): Promise<KnownPerson[]> {
  const path = join(home, FILE);
  const text = await readPrivateFile(path) ?? "";
  try {
    return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  } catch (cause) {
    throw new P2pError("local", `cannot read "${path}": a line is damaged`, { cause });
  }
}

/** Somebody that this user has vouched for, by code or by hand, with that static key; what hubs say does not count. */
export async function findPerson(home: string, key: Uint8Array): Promise<KnownPerson | undefined> {
  const wanted = encoded(key);
  return (await knownPeople(home)).find((person) =>
    person.key === wanted && ["code", "hand"].includes(person.via)
  );
}

/**
 * Holds a name at a hub to the key that it had when it was first met there (SPEC.md §15): remembers it then, and throws
 * `P2pError` "refused" when it is another one later. `hub` is the hub's fingerprint.
 */
export async function checkPerson(
  home: string,
  { hub, name, key }: { hub: string; name: string; key: Uint8Array },
): Promise<void> {
  const known = (await knownPeople(home)).findLast((person) =>
    person.name === name && person.via === hub
  );
  if (known === undefined) return await remember(home, { name, key: encoded(key), via: hub });
  if (known.key === encoded(key)) return;
  const was = fingerprint(new Uint8Array(Buffer.from(known.key, "base64url")));
  throw new P2pError(
    "refused",
    `the key of "${name}" has changed: it was ${was}, it is ${fingerprint(key)}`,
    {
      hint: `the hub may be lying. If the change is right, remove the line of "${name}" from "${
        join(home, FILE)
      }"`,
    },
  );
}

async function remember(home: string, person: Omit<KnownPerson, "since">): Promise<void> {
  await makePrivateFolder(home);
  const line = JSON.stringify({ ...person, since: new Date().toISOString() }) + "\n";
  await Deno.writeTextFile(join(home, FILE), line, { append: true, mode: 0o600 });
}

function encoded(key: Uint8Array): string {
  return Buffer.from(key).toString("base64url");
}
