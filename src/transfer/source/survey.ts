import { sep } from "node:path";
import { type Kind, KINDS } from "../../protocol/messages.ts";
import { MISSING, type Missing } from "../../storage/archive/archive.ts";
import { isExecutable } from "./source_stamp.ts";

/** One entry of a folder, as it was when it was looked at. */
export interface SurveyEntry {
  /** Components in NFC, as they are sent (SPEC.md §13). */
  readonly path: readonly string[];
  /** Its path on this machine. */
  readonly file: string;
  readonly isFolder: boolean;
  readonly executable: boolean;
  /** False for a file of which the system does not say the size. */
  readonly isSized: boolean;
  readonly size: number;
  /** Its time of last change, in milliseconds. */
  readonly modified: number;
  readonly dev: number;
  /** 0 where the system has none. */
  readonly ino: number;
  /** Its place in the survey, for {@link Survey.note}. */
  readonly at: number;
  /** What a stream has found out since. */
  readonly kind: Kind | undefined;
  readonly missing: Missing | undefined;
}

/** What {@link Survey.add} takes. */
export interface SurveyedInfo {
  /** Its name on this machine, and as it is sent. */
  readonly name: string;
  readonly sent: string;
  /** 1 directly below the root. */
  readonly depth: number;
  readonly info: Deno.FileInfo;
  readonly isSized: boolean;
}

const PAGE_BYTES = 2 ** 20;

/** A record: flags, kind, state, depth: u8; length of the name: u16; four numbers: f64; the name, and behind a NUL the one that is sent, where that is another. */
const NAME_AT = 6 + 4 * 8;

const FOLDER = 1, EXECUTABLE = 2, SIZED = 4, PAGE_END = 255;

/**
 * What a folder held when it was looked at, in the order of SPEC.md §10, in some 50 bytes for each
 * entry. All streams of a source are made from it: they agree, and what is no longer so shows.
 */
export class Survey {
  readonly #root: string;
  readonly #pages: Uint8Array<ArrayBuffer>[] = [];
  /** Bytes of the last page that are taken. */
  #used = PAGE_BYTES;

  /** `root` is the path of the folder, absolute. */
  constructor(root: string) {
    this.#root = root;
  }

  add({ name, sent, depth, info, isSized }: SurveyedInfo): void {
    const bytes = encoder.encode(sent === name.normalize("NFC") ? name : `${name}\0${sent}`);
    const page = this.#pageFor(NAME_AT + bytes.length);
    const record = new DataView(page.buffer, this.#used);
    const flags = [info.isDirectory && FOLDER, isExecutable(info) && EXECUTABLE, isSized && SIZED];
    record.setUint8(0, flags.reduce<number>((all, flag) => all | Number(flag), 0));
    record.setUint8(3, depth);
    record.setUint16(4, bytes.length);
    const numbers = [info.size, info.mtime?.getTime() ?? 0, info.dev, info.ino ?? 0];
    numbers.forEach((number, i) => record.setFloat64(6 + 8 * i, number));
    page.set(bytes, this.#used + NAME_AT);
    this.#used += NAME_AT + bytes.length;
  }

  /** All entries in their order. */
  *entries(): Generator<SurveyEntry> {
    const folders = [this.#root];
    const path: string[] = [];
    for (const { record, at } of this.#records()) {
      const depth = record.getUint8(3);
      const [name = "", sent = name.normalize("NFC")] = nameOf(record).split("\0");
      folders.length = depth;
      path.length = depth - 1;
      const above = folders[depth - 1]!;
      const file = above.endsWith(sep) ? `${above}${name}` : `${above}${sep}${name}`;
      folders.push(file);
      path.push(sent);
      yield { path: [...path], file, at, ...factsOf(record) };
    }
  }

  /** Keeps what was found out about the entry at `at`: it stays so in all further streams. */
  note(at: number, { kind, missing }: { kind?: Kind; missing?: Missing }): void {
    const page = this.#pages[Math.floor(at / PAGE_BYTES)]!;
    const record = new DataView(page.buffer, at % PAGE_BYTES);
    if (kind !== undefined) record.setUint8(1, KINDS.indexOf(kind) + 1);
    if (missing !== undefined) record.setUint8(2, MISSING.indexOf(missing) + 1);
  }

  *#records(): Generator<{ record: DataView; at: number }> {
    for (const [number, { buffer }] of this.#pages.entries()) {
      const end = number === this.#pages.length - 1 ? this.#used : PAGE_BYTES;
      for (let at = 0; at < end;) {
        const record = new DataView(buffer, at);
        if (record.getUint8(0) === PAGE_END) break;
        yield { record, at: number * PAGE_BYTES + at };
        at += NAME_AT + record.getUint16(4);
      }
    }
  }

  /** The page on which a record of `length` bytes has room; none goes over the end of one. */
  #pageFor(length: number): Uint8Array<ArrayBuffer> {
    if (this.#used + length > PAGE_BYTES) {
      if (this.#used < PAGE_BYTES) this.#pages.at(-1)![this.#used] = PAGE_END;
      this.#pages.push(new Uint8Array(PAGE_BYTES));
      this.#used = 0;
    }
    return this.#pages.at(-1)!;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function nameOf(record: DataView): string {
  const at = record.byteOffset + NAME_AT;
  return decoder.decode(new Uint8Array(record.buffer, at, record.getUint16(4)));
}

function factsOf(record: DataView) {
  const flags = record.getUint8(0);
  return {
    isFolder: (flags & FOLDER) !== 0,
    executable: (flags & EXECUTABLE) !== 0,
    isSized: (flags & SIZED) !== 0,
    kind: KINDS[record.getUint8(1) - 1],
    missing: MISSING[record.getUint8(2) - 1],
    size: record.getFloat64(6),
    modified: record.getFloat64(14),
    dev: record.getFloat64(22),
    ino: record.getFloat64(30),
  };
}
