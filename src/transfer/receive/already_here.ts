import { join } from "node:path";
import { topName } from "../../names/file_name.ts";
import type { Offer } from "../../protocol/messages.ts";
import { infoOf } from "../../storage/file_system.ts";
import type { Published } from "../../storage/part/part.ts";
import { exactStamp, modifiedOf } from "../source/source_stamp.ts";
import type { Sender } from "./acceptance.ts";
import { FileDigests } from "./file_digests.ts";

/** A file that came before, by who brought it, under which name, and what was in it. */
export interface ReceivedKey {
  /** The receiver's folder, absolute. */
  dir: string;
  senderKey: Uint8Array;
  /** The name in the offer. */
  name: string;
  sha256: string;
}

/** The place of a file that came before. */
export interface ReceivedPlace {
  /** The name that it was given, relative to the folder. */
  savedAs: string;
  /** Its stamp under that name; empty where its content has to be read to be known. */
  stamp: string;
}

/** A receiver's memory of what came, and of those whom its user has vouched for. */
export interface ReceivedLog {
  find(key: ReceivedKey): Promise<ReceivedPlace | undefined>;
  add(key: ReceivedKey, place: ReceivedPlace): void;
  /** Resolves when all that was added is written, or cannot be. */
  written(): Promise<void>;
  isVouched(senderKey: Uint8Array): Promise<boolean>;
}

/**
 * What need not be received because it is in the receiver's folder (SPEC.md §8, `already`): for a
 * sender that brought it there before, or that the receiver's user has vouched for. An offer of
 * anybody else is new, whatever lies there.
 */
export class AlreadyHere {
  readonly #dir: string;
  readonly #log: ReceivedLog;
  readonly #digests = new FileDigests();

  constructor(dir: string, log: ReceivedLog) {
    this.#dir = dir;
    this.#log = log;
  }

  /** The content that is offered, where it is as it was published; else undefined. */
  async find(
    offer: Offer,
    from: Sender,
    names: { allowHidden: boolean },
  ): Promise<Published | undefined> {
    const { sha256, name, folder } = offer;
    if (sha256 === null || folder) return undefined;
    const key = this.#keyOf(offer, { from, sha256 });
    const before = await this.#log.find(key);
    if (before !== undefined) {
      const found = await this.#look(offer, { ...before, key });
      if (found !== undefined) return found;
    }
    if (!await this.#log.isVouched(from.key)) return undefined;
    return await this.#look(offer, { savedAs: topName(name, names), stamp: "", key });
  }

  /** Remembers what has come. */
  async note(offer: Offer, from: Sender, { sha256, savedAs, path }: Published): Promise<void> {
    if (offer.folder || offer.text) return;
    const info = await infoOf(path).catch(() => undefined);
    if (info === undefined) return;
    // Another time than the sender's: somebody has written to it since.
    const stamp = modifiedOf(info) === offer.modified ? exactStamp(info) : "";
    this.#log.add(this.#keyOf(offer, { from, sha256 }), { savedAs, stamp });
  }

  /** Resolves when all that has come is remembered. */
  written(): Promise<void> {
    return this.#log.written();
  }

  async #look(
    { size }: Offer,
    { savedAs, stamp, key }: ReceivedPlace & { key: ReceivedKey },
  ): Promise<Published | undefined> {
    const path = join(this.#dir, savedAs);
    const info = await infoOf(path);
    if (!info?.isFile || (size !== null && info.size !== size)) return undefined;
    if (exactStamp(info) !== stamp) {
      if (await this.#digests.of(path, info) !== key.sha256) return undefined;
      this.#log.add(key, { savedAs, stamp: exactStamp(info) });
    }
    return { savedAs, sha256: key.sha256, bytes: info.size, resumedAt: info.size, path };
  }

  #keyOf({ name }: Offer, { from, sha256 }: { from: Sender; sha256: string }): ReceivedKey {
    return { dir: this.#dir, senderKey: from.key, name, sha256 };
  }
}
