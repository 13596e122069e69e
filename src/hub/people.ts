import { Buffer } from "node:buffer";
import { join } from "node:path";
import { makePrivateFolder, readPrivateFile } from "../secure/private_file.ts";
import { foldedName } from "../storage/safe_path.ts";

const FILE = "people.jsonl";

/** Somebody who has joined this hub at some time: the name, the static key that owns it (base64url), times in ms. */
export interface Person {
  name: string;
  key: string;
  /** When the key first joined under that name. */
  since: number;
  /** When it was last seen. */
  seen: number;
}

/** Who owns which name at this hub (SPEC.md §15), kept in the hub's home. Names that differ by case alone are one name. */
export class People {
  readonly #home: string;
  readonly #people: Map<string, Person>;

  /** The people that are known in `home`. */
  static async open(home: string): Promise<People> {
    const text = await readPrivateFile(join(home, FILE)) ?? "";
    const people = text.split("\n").flatMap(parseLine).map((person) =>
      [foldedName(person.name), person] as const
    );
    return new People(home, new Map(people));
  }

  private constructor(home: string, people: Map<string, Person>) {
    this.#home = home;
    this.#people = people;
  }

  /** Everybody, by name. */
  all(): Person[] {
    return [...this.#people.values()].sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** Who owns `name`; undefined where nobody has joined under it yet. */
  find(name: string): Person | undefined {
    return this.#people.get(foldedName(name));
  }

  /** Whether `name` is free, or belongs to `key`. */
  mayUse(name: string, key: Uint8Array): boolean {
    const owner = this.find(name);
    return owner === undefined || owner.key === encoded(key);
  }

  /** Gives `name` to `key` for good, or notes that it was seen. Call {@link mayUse} first. */
  async claim(name: string, key: Uint8Array): Promise<Person> {
    const now = Date.now();
    const known = this.find(name);
    if (known !== undefined) return Object.assign(known, { seen: now });
    const person = { name, key: encoded(key), since: now, seen: now };
    this.#people.set(foldedName(name), person);
    await makePrivateFolder(this.#home);
    await Deno.writeTextFile(join(this.#home, FILE), JSON.stringify(person) + "\n", {
      append: true,
      mode: 0o600,
    });
    return person;
  }
}

function encoded(key: Uint8Array): string {
  return Buffer.from(key).toString("base64url");
}

function parseLine(line: string): Person[] {
  try {
    const { name, key, since, seen } = JSON.parse(line);
    return [{ name, key, since, seen }];
  } catch {
    return [];
  }
}
