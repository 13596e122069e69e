import { createHash } from "node:crypto";
import { join } from "node:path";
import { randomBytes } from "../secure/random.ts";
import { toHex } from "../bytes.ts";
import { makePrivateFolder } from "./private_file.ts";
import type { Delivered, Stored } from "../transfer/events.ts";

const FOLDER = "outgoing";

/** The time that receivers keep parts by default. */
const KEEP_MS = 7 * 86_400_000;

/** The facts that make a transfer the same one as in an earlier run of the same line. */
export interface OutgoingKey {
  /** The hub, `host:port`. */
  to: string;
  /** The absolute path of the source. */
  path: string;
  /** The name at the receiver. */
  as: string;
  /** Another one makes it another transfer, whatever a receiver may have of it. */
  stamp: string;
}

/**
 * A transfer that is to be sent, or in `done` what became of it for each receiver in an earlier run
 * of the same line.
 */
export interface OutgoingEntry {
  /** 32 hex digits. */
  transfer: string;
  /** True where an earlier run may have left a part of it at the receiver. */
  begun: boolean;
  /** True where anything about the source has moved since it was begun. */
  isTouched: boolean;
  done?: Done[];
}

/** The first line of a file: a transfer, and the source as it was. */
interface Begun {
  transfer: string;
  exactStamp: string;
}

/** The outcome of a transfer for one receiver. */
export interface Done {
  to?: string;
  delivered?: Delivered;
  stored?: Stored;
}

/**
 * The transfers that were begun and have no receipt yet, a file each in `home`, so that the same
 * line run again goes on with the same transfer id. What has its receipt is remembered too until
 * all of the line is done: it is not sent twice. A loss of these files costs a resume, never a
 * file.
 */
export class OutgoingTransfers {
  readonly #dir: string;
  readonly #line: string;
  /** Ids given in this run: what "start over" means once, not again after each cut. */
  readonly #given = new Map<string, string>();
  readonly #finished = new Set<string>();

  /** `line` is what one run sends, the paths of all of it. */
  constructor(home: string, line: readonly string[]) {
    this.#dir = join(home, FOLDER);
    this.#line = createHash("sha256").update(JSON.stringify(line)).digest("hex");
  }

  /**
   * The transfer of `key`: the one begun earlier, else a new one. `exactStamp` is that of the source
   * now.
   */
  async open(
    key: OutgoingKey,
    { exactStamp, fresh = false }: { exactStamp: string; fresh?: boolean },
  ): Promise<OutgoingEntry> {
    const path = this.#path(key);
    const known = fresh && !this.#given.has(path) ? undefined : await this.#read(path);
    const transfer = known?.transfer ?? this.#given.get(path) ?? toHex(randomBytes(16));
    const begun = known !== undefined || this.#given.has(path);
    const isTouched = known !== undefined && known.exactStamp !== exactStamp;
    this.#given.set(path, transfer);
    if (known === undefined) await this.#begin(path, { transfer, exactStamp });
    return { transfer, begun, isTouched, ...known?.done && { done: known.done } };
  }

  /** Notes what became of the transfer of `key`, before its receiver may forget it. */
  async finish(key: OutgoingKey, done: Done[]): Promise<void> {
    const path = this.#path(key);
    this.#finished.add(path);
    const line = JSON.stringify({ line: this.#line, at: Date.now(), done });
    // Behind the id, which a kill must not take away; who cannot write here loses no more than
    // that.
    await Deno.writeTextFile(path, `${line}\n`, { append: true, mode: 0o600 }).catch(() => {});
  }

  /** Forgets the transfer of `key`: it will not go on. */
  async remove(key: OutgoingKey): Promise<void> {
    const path = this.#path(key);
    this.#given.delete(path);
    await Deno.remove(path).catch(() => {});
  }

  /** Forgets all that is finished, as the line is done: run again, it sends everything again. */
  async clear(): Promise<void> {
    for (const path of this.#finished) await Deno.remove(path).catch(() => {});
  }

  async #begin(path: string, { transfer, exactStamp }: Begun): Promise<void> {
    await makePrivateFolder(this.#dir);
    await Deno.writeTextFile(path, `${transfer} ${exactStamp}\n`, { mode: 0o600 });
  }

  /** What an earlier run has left; undefined where there is nothing to go on with. */
  async #read(path: string): Promise<Begun & { done?: Done[] } | undefined> {
    const text = await Deno.readTextFile(path).catch(() => "");
    const [first = "", last] = text.trimEnd().split("\n");
    const [transfer = "", exactStamp = ""] = first.split(" ");
    if (!/^[0-9a-f]{32}$/.test(transfer)) return undefined;
    if (last === undefined) return { transfer, exactStamp };
    const { line, at, done } = parsed(last);
    // Another line that names the file means to send it.
    if (line !== this.#line || Date.now() - at > KEEP_MS) return undefined;
    this.#finished.add(path);
    return { transfer, exactStamp, done };
  }

  #path({ to, path, as, stamp }: OutgoingKey): string {
    const digest = createHash("sha256").update(JSON.stringify([to, path, as, stamp])).digest();
    return join(this.#dir, toHex(digest.subarray(0, 16)));
  }
}

/** Reads a line of this program; one that a crash tore counts as not written. */
function parsed(line: string): { line: string; at: number; done: Done[] } {
  try {
    return JSON.parse(line);
  } catch {
    return { line: "", at: 0, done: [] };
  }
}
