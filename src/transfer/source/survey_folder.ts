import { Buffer } from "node:buffer";
import { setImmediate } from "node:timers/promises";
import { P2pError } from "../../errors.ts";
import { checkedPath, nameFault } from "../../names/file_name.ts";
import { SMALL_FILE_BYTES } from "../../storage/archive/archive_chunks.ts";
import { MAX_ENTRIES } from "../../storage/archive/archive_decoder.ts";
import { PathOrder } from "../../storage/archive/path_order.ts";
import { readFullSync } from "../../storage/file_system.ts";
import { StorageError, storageError } from "../../storage/storage_error.ts";
import type { FoundSource } from "./file_source.ts";
import type { RenamedEntry } from "../../storage/archive/local_tree.ts";
import type { LeftOut, SentNames } from "./source.ts";
import { SourceStamp } from "./source_stamp.ts";
import { Survey } from "./survey.ts";
import { type WalkEntry, walkFolder, type WalkOptions } from "./walk_folder.ts";

/** Entries between two turns of the event loop. */
const ENTRIES_PER_TURN = 500;

/** The end of an archive, and more than an entry takes beside its path and its content. */
const END_BYTES = 1_024;
const ENTRY_BYTES = 512;

/** Most faults that are named in one error. */
const MAX_NAMED = 20;

/** What a folder held when it was looked at. */
export interface SurveyedFolder {
  readonly survey: Survey;
  readonly stamp: SourceStamp;
  readonly files: number;
  /** Null where there is a file of which the system does not say the size. */
  readonly size: number | null;
  /** Most bytes of the archive that are not content of a file. */
  readonly frameBytes: number;
  readonly leftOut: readonly LeftOut[];
  /** Entries that go under another name than they have here. */
  readonly renamed: readonly RenamedEntry[];
}

/**
 * Looks at all of a folder before anything is sent. What cannot go, since no receiver would take its
 * name or it cannot be read, is told at once, all of it, unless it is to be left out.
 */
export async function surveyFolder(found: FoundSource): Promise<SurveyedFolder> {
  const surveyor = new Surveyor(found);
  let entries = 0;
  for (const entry of walkFolder(found.path, surveyor)) {
    surveyor.take(entry);
    entries += 1;
    if (entries > MAX_ENTRIES) {
      throw new StorageError(
        "size",
        `cannot send "${found.path}": more than ${MAX_ENTRIES} files and folders`,
      );
    }
    if (entries % ENTRIES_PER_TURN === 0) await setImmediate();
    found.signal?.throwIfAborted();
  }
  return surveyor.finish();
}

class Surveyor implements WalkOptions {
  readonly names: SentNames;
  readonly #found: FoundSource;
  readonly #order = new PathOrder();
  readonly #survey: Survey;
  readonly #stamp = new SourceStamp();
  readonly #leftOut: LeftOut[] = [];
  readonly #renamed: RenamedEntry[] = [];
  readonly #faults: P2pError[] = [];
  #files = 0;
  #size: number | null = 0;
  #frameBytes = END_BYTES;

  constructor(found: FoundSource) {
    this.#found = found;
    this.#survey = new Survey(found.path);
    this.names = found.names;
  }

  readonly leaveOut = (left: LeftOut): void => {
    this.#leftOut.push(left);
  };

  readonly unreadable = (path: readonly string[], cause: Error): void => {
    const hint = "make it readable, or leave it out with `--skip-unreadable`";
    const error = new P2pError("local", cause.message, { hint, cause });
    if (!this.#found.skipUnreadable) this.#faults.push(error);
    else this.leaveOut({ path: path.join("/"), reason: "it cannot be read" });
  };

  take({ path, name, file, info }: WalkEntry): void {
    if (!this.#checkName({ path, file, info })) return;
    const looked = info.isFile ? this.#look({ path, file, info }) : { isSized: true };
    if (looked === undefined) return;
    const sent = path.at(-1)!;
    this.#survey.add({ name, sent, depth: path.length, info, ...looked });
    if (this.#found.names === "portable" && sent !== name.normalize("NFC")) {
      this.#renamed.push({ name: [...path.slice(0, -1), name].join("/"), savedAs: path.join("/") });
    }
    this.#stamp.add(path, info);
    this.#frameBytes += ENTRY_BYTES + Buffer.byteLength(JSON.stringify(path));
    if (!info.isFile) return;
    this.#files += 1;
    this.#size = looked.isSized && this.#size !== null ? this.#size + info.size : null;
  }

  /** The result, or one error with all that cannot go. */
  finish(): SurveyedFolder {
    const [first, ...others] = this.#faults;
    if (first !== undefined) throw others.length === 0 ? first : this.#allFaults();
    return {
      survey: this.#survey,
      stamp: this.#stamp,
      files: this.#files,
      size: this.#size,
      frameBytes: this.#frameBytes,
      leftOut: this.#leftOut,
      renamed: this.#renamed,
    };
  }

  #checkName({ path, file, info }: Omit<WalkEntry, "name">): boolean {
    try {
      checkedPath(path);
      this.#order.add(path, info.isDirectory);
      return true;
    } catch (cause) {
      const why = nameFault(path.at(-1)!) ?? (cause as Error).message;
      const message = `cannot send "${file}": ${why}`;
      const hint = "rename it, or send the folder without it";
      this.#faults.push(new P2pError("local", message, { hint, cause }));
      return false;
    }
  }

  /**
   * Tries what not everybody may read, and reads what the system says is empty: nothing else tells
   * before its turn. Undefined where it cannot go.
   */
  #look({ path, file, info }: Omit<WalkEntry, "name">): { isSized: boolean } | undefined {
    const isSuspect = info.size === 0 || (info.blocks === 0 && info.size <= SMALL_FILE_BYTES);
    if (!isSuspect && isReadByAll(info)) return { isSized: true };
    try {
      using opened = Deno.openSync(file);
      return {
        isSized: !isSuspect || readFullSync(opened, new Uint8Array(info.size + 1)) === info.size,
      };
    } catch (cause) {
      if (cause instanceof Deno.errors.NotFound) return undefined;
      this.unreadable(path, storageError(`cannot read "${file}"`, cause));
    }
  }

  #allFaults(): P2pError {
    const named = this.#faults.slice(0, MAX_NAMED).map(({ message }) => message);
    const more = this.#faults.length - named.length;
    const rest = more > 0 ? `; and ${more} more` : "";
    const gravest = this.#faults.find(({ code }) => code === "local") ?? this.#faults[0]!;
    return new P2pError(gravest.code, named.join("; ") + rest, { hint: gravest.hint });
  }
}

function isReadByAll({ mode }: Deno.FileInfo): boolean {
  return mode === null || (mode & 0o444) === 0o444;
}
