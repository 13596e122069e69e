import { join } from "node:path";
import { P2pError } from "../../errors.ts";
import type { ArchiveEntry } from "../archive/archive.ts";
import { fileDigest } from "../file_digest.ts";
import { anyLine, Journal, readJournal } from "../journal.ts";
import { Part } from "./part.ts";
import type { PartOffer } from "./part_content.ts";
import { PartFile } from "./part_file.ts";
import { PartFolder } from "./part_folder.ts";
import { isSameOffer, offerLine, readRecord } from "./part_record.ts";
import { STAGING_FOLDER, topName } from "../../names/file_name.ts";
import { erasePart, openStagingFolder, partId, sweepParts } from "./staging_folder.ts";
import { storageError } from "../storage_error.ts";

/** Options of {@link Staging.claim}. */
export interface ClaimOptions {
  /** Asked for each entry of a folder; what it throws ends the transfer. */
  readonly accepts?: ((entry: ArchiveEntry) => void) | undefined;
  /** Ends the reading of what an earlier run left. */
  readonly signal?: AbortSignal | undefined;
}

/** The unfinished transfers of a receiver's folder: `.p2p-partial` inside it (SPEC.md §14). */
export class Staging {
  /** The receiver's folder, absolute, without links in it. */
  readonly dir: string;
  readonly #folder: string;
  readonly #creationMode: number;
  /** Names at the top that parts are about to take. */
  readonly #names = new Set<string>();
  /** By id: the part in use, or the one that is being opened. */
  readonly #held = new Map<string, Promise<Part>>();

  /**
   * Makes `dir` where it is missing, and removes parts without a change for `keepMs`. Throws
   * `StorageError`.
   */
  static async open(dir: string, { keepMs }: { keepMs: number }): Promise<Staging> {
    try {
      await Deno.mkdir(dir, { recursive: true });
      const target = await Deno.realPath(dir);
      const folder = join(target, STAGING_FOLDER);
      const { creationMode } = await openStagingFolder(folder);
      await sweepParts(folder, keepMs);
      return new Staging(target, folder, creationMode);
    } catch (cause) {
      throw storageError(`cannot receive into "${dir}"`, cause);
    }
  }

  private constructor(dir: string, folder: string, creationMode: number) {
    this.dir = dir;
    this.#folder = folder;
    this.#creationMode = creationMode;
  }

  /**
   * The part of this sender and transfer, new or as it was left; a run that still holds it is
   * ended first.
   */
  claim(senderKey: Uint8Array, offer: PartOffer, options: ClaimOptions = {}): Promise<Part> {
    const id = partId(senderKey, offer.transfer);
    const before = this.#held.get(id);
    const drop = () => this.#held.get(id) === claimed && this.#held.delete(id);
    const claimed = (async () => {
      await (await before?.catch(() => undefined))?.abandon(takenOver(offer.name));
      return await this.#openPart(id, offer, { ...options, onEnd: drop });
    })();
    this.#held.set(id, claimed);
    claimed.catch(drop);
    return claimed;
  }

  /**
   * The entry that has this name at the top already, with its digest where it is a file of `size`
   * bytes, else null (SPEC.md §8).
   */
  async existing(
    name: string,
    size: number | null,
  ): Promise<{ sha256: string | null } | undefined> {
    const path = join(this.dir, topName(name, { allowHidden: true }));
    try {
      const info = await Deno.lstat(path);
      return { sha256: info.isFile && info.size === size ? await fileDigest(path) : null };
    } catch (cause) {
      if (cause instanceof Deno.errors.NotFound) return undefined;
      throw storageError(`cannot read "${name}"`, cause);
    }
  }

  async #openPart(
    id: string,
    offer: PartOffer,
    { accepts, signal, onEnd }: ClaimOptions & { onEnd: () => void },
  ): Promise<Part> {
    const folder = join(this.#folder, id);
    const first = offerLine(offer);
    let record = readRecord(await readJournal(join(folder, "journal"), anyLine));
    const isNew = !isSameOffer(record.offer, offer);
    if (isNew) {
      await erasePart(folder);
      await Deno.mkdir(folder, { mode: 0o700 });
      record = readRecord([]);
    }
    const journal = await Journal.open(join(folder, "journal"), [folder, this.#folder]);
    const content = offer.folder
      ? new PartFolder(folder, { offer, creationMode: this.#creationMode, accepts })
      : new PartFile(folder, { offer, creationMode: this.#creationMode });
    const part = new Part({
      target: this.dir,
      content,
      journal,
      names: this.#names,
      erase: (options) => erasePart(folder, options),
      onEnd,
    });
    try {
      if (isNew) await journal.append(first);
      await part.recover(record, signal);
      return part;
    } catch (cause) {
      await part.release();
      throw signal?.aborted ? signal.reason : storageError(`cannot receive "${offer.name}"`, cause);
    }
  }
}

function takenOver(name: string): P2pError {
  return new P2pError(
    "connection",
    `cannot go on with "${name}": its sender has begun another run`,
  );
}
