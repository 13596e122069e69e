import { join } from "node:path";
import type { Check } from "../protocol/schema.ts";
import { makePrivateFolder, readPrivateFile, replacePrivateFile } from "./private_file.ts";

/** Hexadecimal digits of a key. */
const KEY_LENGTH = 32;

/** Characters that are kept; at twice as many the oldest lines are forgotten. */
const KEEP_LENGTH = 4 * 2 ** 20;

/** Options of a {@link KeyedLog}. */
export interface KeyedLogOptions<T> {
  home: string;
  /** The name of the file. */
  file: string;
  /** Checks what a line says; one that it does not take is as good as not written. */
  check: Check<T>;
  keepLength?: number;
}

/**
 * A file in a home with a line for each thing that is worth remembering, and not worth waiting for:
 * of each key the last line counts, the oldest are forgotten, and nothing is synced.
 */
export class KeyedLog<T> {
  readonly #options: KeyedLogOptions<T>;
  /** Lines without their keys, the oldest first, once the file was read. */
  #lines: Promise<Map<string, string>> | undefined;
  /** Characters in the file. */
  #length = 0;
  #unwritten: { key: string; line: string }[] = [];
  #writing: Promise<void> | undefined;

  constructor(options: KeyedLogOptions<T>) {
    this.#options = options;
  }

  /** The last value of a key of 32 hex digits. */
  async find(key: string): Promise<T | undefined> {
    const lines = await this.#read();
    const line = this.#unwritten.findLast((one) => one.key === key)?.line ?? lines.get(key);
    if (line === undefined) return undefined;
    try {
      return this.#options.check(JSON.parse(line), "");
    } catch {
      return undefined;
    }
  }

  /** Notes a value; it is written as soon as what came before it is. */
  add(key: string, value: T): void {
    this.#unwritten.push({ key, line: JSON.stringify(value) });
    this.#writing ??= this.#write().finally(() => this.#writing = undefined);
  }

  /** Resolves when nothing is left to be written. */
  async written(): Promise<void> {
    await this.#writing;
  }

  /** What comes during a write goes with the next one. */
  async #write(): Promise<void> {
    const lines = await this.#read();
    while (this.#unwritten.length > 0) {
      const unwritten = this.#unwritten.splice(0);
      for (const { key, line } of unwritten) setLast(lines, key, line);
      // What is not remembered is done once more.
      await this.#append(unwritten.map(lineOf).join(""), lines).catch(() => {});
    }
  }

  async #append(text: string, lines: Map<string, string>): Promise<void> {
    const { home, file, keepLength = KEEP_LENGTH } = this.#options;
    await makePrivateFolder(home);
    await Deno.writeTextFile(join(home, file), text, { append: true, mode: 0o600 });
    this.#length += text.length;
    if (this.#length > 2 * keepLength) await this.#rewrite(lines, keepLength);
  }

  #read(): Promise<Map<string, string>> {
    return this.#lines ??= this.#readNow();
  }

  async #readNow(): Promise<Map<string, string>> {
    const { home, file } = this.#options;
    const text = await readPrivateFile(join(home, file)).catch(() => undefined) ?? "";
    this.#length = text.length;
    const lines = new Map<string, string>();
    for (const line of text.split("\n")) {
      if (line[KEY_LENGTH] !== " ") continue;
      setLast(lines, line.slice(0, KEY_LENGTH), line.slice(KEY_LENGTH + 1));
    }
    return lines;
  }

  /** Forgets the oldest lines, here and in the file. */
  async #rewrite(lines: Map<string, string>, keepLength: number): Promise<void> {
    let length = 0;
    for (const [key, line] of lines) length += lineOf({ key, line }).length;
    for (const [key, line] of lines) {
      if (length <= keepLength) break;
      lines.delete(key);
      length -= lineOf({ key, line }).length;
    }
    const text = Array.from(lines, ([key, line]) => lineOf({ key, line })).join("");
    const { home, file } = this.#options;
    await replacePrivateFile(home, file, text);
    this.#length = text.length;
  }
}

function lineOf({ key, line }: { key: string; line: string }): string {
  return `${key} ${line}\n`;
}

/** Sets a line as the newest one. */
function setLast(lines: Map<string, string>, key: string, line: string) {
  lines.delete(key);
  lines.set(key, line);
}
