import { Buffer } from "node:buffer";
import { join } from "node:path";
import { P2pError } from "../errors.ts";
import { readPrivateFile } from "./private_file.ts";

const FILE = "known_people.jsonl";

/** Somebody whose key is known: by which name, since when (ISO 8601), and how it came to be known. */
export interface KnownPerson {
  name: string;
  /** base64url. */
  key: string;
  since: string;
  via: string;
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

/** The person with that static key; undefined where it is nobody known. */
export async function findPerson(home: string, key: Uint8Array): Promise<KnownPerson | undefined> {
  const wanted = Buffer.from(key).toString("base64url");
  return (await knownPeople(home)).find((person) => person.key === wanted);
}
