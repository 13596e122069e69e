import { join } from "node:path";
import { toBase64url } from "../bytes.ts";
import type { PublicKeys } from "../secure/identity_keys.ts";
import { decodeKey, encodeKey, type KeyText } from "../secure/static_key.ts";
import { P2pError } from "../errors.ts";
import { type Checked, int, keyText, object, publicKeysText, text } from "../protocol/schema.ts";
import { makePrivateFolder, replacePrivateFile } from "../home/private_file.ts";
import { Book, isNoRoom } from "../storage/book/book.ts";
import type { Entry } from "../storage/book/entry.ts";
import type { Price } from "../storage/book/price.ts";
import { Journal, readJournal } from "../storage/journal.ts";
import { foldedName } from "../names/folded_name.ts";
import { isReservedName } from "../names/reserved_name.ts";
import { codeName, isCodeName } from "../secure/code.ts";
import { fingerprint } from "../secure/fingerprint.ts";
import type { GivenName } from "../protocol/session.ts";
import { isPeerName } from "../names/peer_name.ts";

const FILE = "people.jsonl";

/** A name that nobody has used for this long is free again, unless somebody needs it. */
export const LAPSE_MS = 90 * 86_400_000;

/** The price of a name: about what its line takes. */
const PRICE: Price = { bytes: 2_048, files: 0, items: 1 };

/** Lines of the file beside two for each person, at which it is written anew. */
const FOLD_BEYOND = 100;

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
  /** Those who have a name until they leave. */
  readonly #guests = new Map<string, Person>();
  /** What each key owns. */
  readonly #owned = new Map<KeyText, Set<Person>>();

  #vouched: ReadonlyMap<string, KeyText> = new Map();
  readonly #book: Book;
  readonly #prices = new Map<string, Entry>();
  #lines = 0;
  /** The end of the last write. */
  #last: Promise<unknown> = Promise.resolve();

  /** The people that are known in `home`; what they cost is booked. */
  static async open(home: string, book: Book = new Book()): Promise<NameRegistry> {
    const people = new NameRegistry(home, book);
    const lines = await readJournal(join(home, FILE), person);
    for (const line of lines) people.#take(line);
    people.#lines = lines.length;
    // Every leave is a line: the last word on each person is enough.
    if (lines.length > 2 * people.#people.size) await people.#fold();
    return people;
  }

  private constructor(home: string, book: Book) {
    this.#home = home;
    this.#book = book;
  }

  /** The number of people. */
  get size(): number {
    return this.#people.size;
  }

  /** All people, by name. */
  all(): Person[] {
    return [...this.#people.values(), ...this.#guests.values()].sort((a, b) =>
      a.name < b.name ? -1 : 1
    );
  }

  /** The owner of `name`; undefined where it is free. */
  find(name: string): Person | undefined {
    if (isCodeName(name)) return this.#byCode.get(name);
    const folded = foldedName(name);
    return this.#people.get(folded) ?? this.#guests.get(folded);
  }

  /** The names that `key` owns, the one that it came by last at the end. */
  namesOf(key: KeyText): string[] {
    const owned = [...this.#owned.get(key) ?? []];
    return owned.sort((a, b) => a.seen - b.seen).map(({ name }) => name);
  }

  /**
   * The name of a session that came without one (SPEC.md §15); `called` is what its machine says
   * that it is called.
   */
  nameFor(id: Uint8Array, called: string): GivenName {
    const key = encodeKey(id);
    const last = this.namesOf(key).at(-1);
    if (last !== undefined) return { name: last, owned: true };
    const [group] = fingerprint(id).split("-");
    const name = [called, `${called} (${group})`].find((one) =>
      isPeerName(one) && !isCodeName(one) && this.mayUse(one, key)
    );
    return { name: name ?? codeName(id), owned: false };
  }

  /**
   * Takes the keys that the hub's user vouches for, by folded name: to them these names belong,
   * whoever joined under one before.
   */
  holdFor(vouched: ReadonlyMap<string, KeyText>): void {
    this.#vouched = vouched;
  }

  /** True where `name` is free, or belongs to `key`. */
  mayUse(name: string, key: KeyText): boolean {
    return this.refusal(name, key) === undefined;
  }

  /** Why `key` may not go by `name`; undefined where it may. */
  refusal(name: string, key: KeyText): string | undefined {
    if (isCodeName(name)) return name === codeName(decodeKey(key)) ? undefined : nameTaken(name);
    if (isReservedName(name)) return nameReserved(name);
    const owner = this.#vouched.get(foldedName(name)) ?? this.find(name)?.key;
    return owner === undefined || owner === key ? undefined : nameTaken(name);
  }

  /**
   * Gives `name` to a key where it is free: with `keep` for as long as it is used, else until it has
   * left. Throws "refused" where it belongs to another key, or there is no room for one more.
   */
  async claim(
    name: string,
    { id, bytes }: PublicKeys,
    { network, keep = true }: { network?: string | undefined; keep?: boolean } = {},
  ): Promise<Person> {
    const key = encodeKey(id);
    const keys = toBase64url(bytes);
    const now = Date.now();
    const refusal = this.refusal(name, key);
    if (refusal !== undefined) throw new P2pError("refused", refusal);
    if (isCodeName(name)) return this.#claimByCode({ name, key, keys, since: now, seen: now });
    const folded = foldedName(name);
    const claimed = { name, key, keys, since: now, seen: now };
    if (!keep && !this.#people.has(folded)) {
      this.#guests.set(folded, claimed);
      return claimed;
    }
    this.#guests.delete(folded);
    const before = this.#people.get(folded);
    // Somebody vouched for takes the name from whoever joined under it before.
    if (before !== undefined && before.key !== key) this.#forget(folded);
    if (!this.#people.has(folded)) await this.#claimNew(claimed, network);
    if (before !== undefined && before.key !== key) await this.#fold();
    const owner = this.#people.get(folded)!;
    owner.seen = now;
    return owner;
  }

  /** Notes that a person has left now. */
  async left(person: Person): Promise<void> {
    person.seen = Date.now();
    if (isCodeName(person.name) || this.#guests.delete(foldedName(person.name))) return;
    await this.#write(person);
  }

  /**
   * Frees the names that were not used for {@link LAPSE_MS} and are not needed, by the clock of the
   * system or `now`.
   */
  async sweep(isNeeded: (person: Person) => boolean, now = Date.now()): Promise<void> {
    const before = this.#people.size;
    for (const [folded, one] of this.#people) {
      if (one.seen + LAPSE_MS <= now && !isNeeded(one)) this.#forget(folded);
    }
    if (this.#people.size < before) await this.#fold();
  }

  /** The first key of a name owns it, whatever a later line says. */
  #take(line: Person) {
    const known = this.find(line.name);
    if (known === undefined) {
      this.#add(line, this.#book.restore("name", { key: line.key }, { price: PRICE }));
    } else if (known.key === line.key) known.seen = line.seen;
  }

  #claimByCode(person: Person): Person {
    this.#byCode.delete(person.name);
    this.#byCode.set(person.name, person);
    if (this.#byCode.size > MAX_BY_CODE) this.#byCode.delete([...this.#byCode.keys()][0]!);
    return person;
  }

  async #claimNew(person: Person, network: string | undefined): Promise<void> {
    const entry = this.#book.book("name", { key: person.key, network }, { price: PRICE });
    if (isNoRoom(entry)) {
      throw new P2pError("refused", `cannot keep the name "${person.name}": ${entry.reason}`);
    }
    this.#add(person, entry);
    try {
      await this.#write(person);
    } catch (error) {
      this.#forget(foldedName(person.name));
      throw error;
    }
  }

  #add(person: Person, price: Entry) {
    const folded = foldedName(person.name);
    this.#people.set(folded, person);
    this.#prices.set(folded, price);
    this.#owned.set(person.key, (this.#owned.get(person.key) ?? new Set()).add(person));
  }

  #forget(folded: string) {
    const person = this.#people.get(folded);
    const owned = person && this.#owned.get(person.key);
    if (owned?.delete(person!) && owned.size === 0) this.#owned.delete(person!.key);
    this.#people.delete(folded);
    this.#prices.get(folded)?.[Symbol.dispose]();
    this.#prices.delete(folded);
  }

  async #write(person: Person): Promise<void> {
    if (this.#lines > 2 * this.#people.size + FOLD_BEYOND) return await this.#fold();
    await this.#inTurn(async () => {
      await makePrivateFolder(this.#home);
      const journal = await Journal.open(join(this.#home, FILE), [this.#home]);
      try {
        await journal.commit(person);
        this.#lines++;
      } finally {
        journal.close();
      }
    });
  }

  /** Writes the file anew, with one line for each person as it is now. */
  #fold(): Promise<void> {
    return this.#inTurn(async () => {
      const lines = [...this.#people.values()].map((one) => `${JSON.stringify(one)}\n`);
      await replacePrivateFile(this.#home, FILE, lines.join(""));
      this.#lines = lines.length;
    });
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#last.then(step);
    this.#last = result.catch(() => {}); // Thrown to whoever asked for the step.
    return result;
  }
}

function nameReserved(name: string): string {
  return `the name "${name}" stands for something else here; choose another one with --name NAME`;
}

/** The reason for which another key may not use a name. */
function nameTaken(name: string): string {
  return `the name "${name}" belongs to somebody else here; choose another one with --name NAME`;
}
