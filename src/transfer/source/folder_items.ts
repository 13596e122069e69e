import { createHash } from "node:crypto";
import type { Kind } from "../../protocol/messages.ts";
import {
  encodeEntry,
  encodeTail,
  type Missing,
  TAIL_BYTES,
} from "../../storage/archive/archive.ts";
import {
  type ArchiveItem,
  type ItemContent,
  SMALL_FILE_BYTES,
} from "../../storage/archive/archive_chunks.ts";
import { readFullSync } from "../../storage/file_system.ts";
import { changedError } from "../../storage/storage_error.ts";
import { BlockedContent, SizedContent } from "./entry_content.ts";
import { isStill, missingOf, reasonOf } from "./entry_state.ts";
import { KIND_HEAD_BYTES, kindOf } from "./kind.ts";
import type { MissingFile } from "./source.ts";
import { exactStamp } from "./source_stamp.ts";
import type { Survey, SurveyEntry } from "./survey.ts";

/** The folder that is sent, as it was found. */
export interface FolderItemsOptions {
  readonly survey: Survey;
  /** Takes files that grow as large as they were. */
  readonly snapshot: boolean;
  /** Told of each file that is not whole, once. */
  readonly onMissing: (file: MissingFile) => void;
}

/**
 * The entries of a surveyed folder as items of an archive (SPEC.md §10): what is otherwise by the
 * time it is opened is `missing`, and the rest goes on.
 */
export class FolderItems {
  readonly #options: FolderItemsOptions;
  /** A small file is read in one go, and one byte more tells that it ends there. */
  readonly #buffer = new Uint8Array(SMALL_FILE_BYTES + 1);
  readonly #told = new Set<number>();

  constructor(options: FolderItemsOptions) {
    this.#options = options;
  }

  *[Symbol.iterator](): Generator<ArchiveItem> {
    for (const entry of this.#options.survey.entries()) {
      yield {
        get length() {
          return knownLength(entry);
        },
        open: (isBegun) => this.#open(entry, isBegun),
      };
    }
  }

  /** `isBegun` says that a part of the entry was sent before: then it must be as it was. */
  #open(entry: SurveyEntry, isBegun: boolean): ReturnType<ArchiveItem["open"]> {
    if (entry.isFolder || entry.missing !== undefined) return { parts: [headerOf(entry)] };
    try {
      return this.#openFile(entry);
    } catch (error) {
      if (isBegun) throw changedError(entry.path.join("/"), error);
      const missing = missingOf(error);
      this.#options.survey.note(entry.at, { missing });
      this.#tell(entry, missing, error);
      return { parts: [headerOf(entry, { missing })] };
    }
  }

  #openFile(entry: SurveyEntry): { parts: Uint8Array[]; content?: ItemContent } {
    const { snapshot } = this.#options;
    const info = Deno.lstatSync(entry.file);
    if (!isStill(info, entry, { snapshot })) throw changedError(entry.file);
    const file = Deno.openSync(entry.file);
    try {
      if (entry.isSized && entry.size <= SMALL_FILE_BYTES) {
        using _ = file;
        return { parts: this.#smallFile(file, { entry, info }) };
      }
      if (!isStill(file.statSync(), entry, { snapshot })) throw changedError(entry.file);
      const kind = entry.kind ?? kindOf(readHead(file), entry.path.at(-1)!);
      this.#options.survey.note(entry.at, { kind });
      const onMissing = (missing: Missing, error?: unknown) => this.#tell(entry, missing, error);
      const Content = entry.isSized ? SizedContent : BlockedContent;
      const content = new Content(file, { entry, info, snapshot, onMissing });
      return { parts: [headerOf(entry, { kind })], content };
    } catch (error) {
      file[Symbol.dispose]();
      throw error;
    }
  }

  /** Header, content and tail of a file that is whole; the error of one that is not. */
  #smallFile(
    file: Deno.FsFile,
    { entry, info }: { entry: SurveyEntry; info: Deno.FileInfo },
  ): Uint8Array[] {
    const { snapshot } = this.#options;
    const room = this.#buffer.subarray(0, entry.size + (snapshot ? 0 : 1));
    const content = room.subarray(0, readFullSync(file, room));
    const now = file.statSync();
    const isWhole = content.length === entry.size && isStill(now, entry, { snapshot });
    if (
      !isWhole || !isSameAgain(content, { file, isTouched: exactStamp(now) !== exactStamp(info) })
    ) {
      throw changedError(entry.file);
    }
    const kind = kindOf(content, entry.path.at(-1)!);
    this.#options.survey.note(entry.at, { kind });
    const sha256 = createHash("sha256").update(content).digest();
    return [headerOf(entry, { kind }), content, encodeTail({ missing: undefined, sha256 })];
  }

  #tell(entry: SurveyEntry, missing: Missing, error?: unknown): void {
    if (this.#told.has(entry.at)) return;
    this.#told.add(entry.at);
    const path = entry.path.join("/");
    this.#options.onMissing({ path, state: missing, reason: reasonOf(missing, error) });
  }
}

function headerOf(
  { path, isFolder, executable, isSized, size, modified, ...known }: SurveyEntry,
  { kind = known.kind, missing = known.missing }: { kind?: Kind; missing?: Missing } = {},
): Uint8Array {
  const common = { path: [...path], modified: Math.max(0, modified) };
  if (isFolder) return encodeEntry({ folder: true, ...common });
  return encodeEntry({
    folder: false,
    ...common,
    size: isSized ? size : null,
    kind: kind ?? "file",
    executable,
    ...missing === undefined ? {} : { missing },
  });
}

/** Bytes of all that belongs to an entry, where that is known without a look at the file. */
function knownLength(entry: SurveyEntry): number | undefined {
  if (entry.isFolder || entry.missing !== undefined) return headerOf(entry).length;
  if (entry.kind === undefined || !entry.isSized) return undefined;
  return headerOf(entry).length + entry.size + TAIL_BYTES;
}

function readHead(file: Deno.FsFile): Uint8Array {
  const head = new Uint8Array(KIND_HEAD_BYTES);
  const length = readFullSync(file, head);
  file.seekSync(0, Deno.SeekMode.Start);
  return head.subarray(0, length);
}

/** True where a second look, at a file that was touched, finds the same bytes. */
function isSameAgain(
  content: Uint8Array,
  { file, isTouched }: { file: Deno.FsFile; isTouched: boolean },
): boolean {
  if (!isTouched) return true;
  const again = new Uint8Array(content.length);
  file.seekSync(0, Deno.SeekMode.Start);
  return readFullSync(file, again) === content.length &&
    again.every((byte, i) => byte === content[i]);
}
