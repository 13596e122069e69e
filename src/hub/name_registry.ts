import { join } from "node:path";
import { toBase64url } from "../bytes.ts";
import type { PublicKeys } from "../secure/identity_keys.ts";
import { decodeKey, encodeKey, type KeyText } from "../secure/static_key.ts";
import { P2pError } from "../errors.ts";
import { type Checked, int, keyText, object, publicKeysText, text } from "../protocol/schema.ts";
import { makePrivateFolder, replacePrivateFile } from "../home/private_file.ts";
import { Journal, readJournal } from "../storage/journal.ts";
import { foldedName } from "../names/folded_name.ts";
import { codeName, isCodeName } from "../secure/code.ts";

const FILE = "people.jsonl";

/** People that a hub gets to know: names are free for all, and each is kept for good. */
const MAX_PEOPLE = 100_000;

/**
 * People by code that are remembered; of more the one that came the longest time ago is forgotten.
 */
const MAX_BY_CODE = 1_000;

const person = object({
  name: text(64, 1),
  key: keyText,
  keys: publicKeysText,
  since: int(),
  seen: int(),
});

/**
 * A person that has joined this hub at some time: the name, the id that owns it and the public keys
 * that this names (base64url), and in ms when that joined first and when it was last seen.
 */
export type Person = Checked<typeof person>;

/**
 * The owners of names at this hub (SPEC.md §15), kept in the hub's home. Names that differ by case
 * alone are one name.
 */
export class NameRegistry {
  readonly #home: string;
  readonly #people = new Map<string, Person>();
  /**
   * Those who are called after their key, for one exchange of files: they are in no list and in no
   * file.
   */
  readonly #byCode = new Map<string, Person>();

  /** The people that are known in `home`. */
  static async open(home: string): Promise<NameRegistry> {
    const people = new NameRegistry(home);
    const lines = await readJournal(join(home, FILE), person);
    for (const line of lines) people.#take(line);
    // Every leave is a line: the last word on each person is enough.
    const all = people.all();
    if (lines.length > 2 * all.length) {
      await replacePrivateFile(home, FILE, all.map((one) => JSON.stringify(one) + "\n").join(""));
    }
    return people;
  }

  private constructor(home: string) {
    this.#home = home;
  }

  /** All people, by name. */
  all(): Person[] {
    return [...this.#people.values()].sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** The owner of `name`; undefined where it is free. */
  find(name: string): Person | undefined {
    return isCodeName(name) ? this.#byCode.get(name) : this.#people.get(foldedName(name));
  }

  /** True where `name` is free, or belongs to `key`. */
  mayUse(name: string, key: KeyText): boolean {
    if (isCodeName(name)) return name === codeName(decodeKey(key));
    const owner = this.find(name);
    return owner === undefined || owner.key === key;
  }

  /**
   * Gives `name` to `key` for good where it is free. Throws "refused" where it belongs to another
   * key.
   */
  async claim(name: string, { id, bytes }: PublicKeys): Promise<Person> {
    const key = encodeKey(id);
    const keys = toBase64url(bytes);
    const now = Date.now();
    if (!this.mayUse(name, key)) throw new P2pError("refused", nameTaken(name));
    if (isCodeName(name)) return this.#claimByCode({ name, key, keys, since: now, seen: now });
    if (this.find(name) === undefined) {
      if (this.#people.size === MAX_PEOPLE) {
        throw new P2pError("refused", `${MAX_PEOPLE} people are known here: no more are taken`);
      }
      const claimed = { name, key, keys, since: now, seen: now };
      this.#people.set(foldedName(name), claimed);
      await this.#write(claimed);
    }
    const owner = this.find(name)!;
    owner.seen = now;
    return owner;
  }

  /** Notes that a person has left now. */
  async left(person: Person): Promise<void> {
    person.seen = Date.now();
    if (isCodeName(person.name)) return;
    await this.#write(person);
  }

  /** The first key of a name owns it, whatever a later line says. */
  #take(line: Person) {
    const known = this.find(line.name);
    if (known === undefined) this.#people.set(foldedName(line.name), line);
    else if (known.key === line.key) known.seen = line.seen;
  }

  #claimByCode(person: Person): Person {
    this.#byCode.delete(person.name);
    this.#byCode.set(person.name, person);
    if (this.#byCode.size > MAX_BY_CODE) this.#byCode.delete([...this.#byCode.keys()][0]!);
    return person;
  }

  async #write(person: Person) {
    await makePrivateFolder(this.#home);
    const journal = await Journal.open(join(this.#home, FILE), [this.#home]);
    try {
      await journal.commit(person);
    } finally {
      journal.close();
    }
  }
}

/** The reason for which another key may not use a name. */
export function nameTaken(name: string): string {
  return `the name "${name}" belongs to somebody else here; choose another one`;
}
