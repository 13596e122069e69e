import { Buffer } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { makePrivateFolder } from "../secure/private_file.ts";

const FOLDER = "outgoing";

/** What makes a transfer the same one as in an earlier run of the same line. */
export interface OutboxKey {
  /** The hub, `host:port`. */
  to: string;
  /** The absolute path of the source. */
  path: string;
  /** The name at the receiver. */
  as: string;
  /** `identity` of the source: changes with its content. */
  identity: string;
}

/**
 * The transfers that were begun and have no receipt yet, a file each in `home`, so that the same line run again goes on
 * with the same transfer id. What is lost here costs a resume, never a file.
 */
export class Outbox {
  #dir: string;
  /** Ids given in this run: what "start over" means once, not again after each cut. */
  #given = new Map<string, string>();

  constructor(home: string) {
    this.#dir = join(home, FOLDER);
  }

  /** The id of the transfer of `key`, 32 hex digits: the one begun earlier, else a new one. */
  async transferId(key: OutboxKey, { fresh = false } = {}): Promise<string> {
    const path = this.#path(key);
    const known = this.#given.get(path) ??
      (fresh ? "" : await Deno.readTextFile(path).catch(() => ""));
    const id = /^[0-9a-f]{32}$/.test(known) ? known : randomBytes(16).toString("hex");
    this.#given.set(path, id);
    if (id === known) return id;
    await makePrivateFolder(this.#dir);
    await Deno.writeTextFile(path, id, { mode: 0o600 });
    return id;
  }

  /** Forgets the transfer of `key`: it is delivered, or will not go on. */
  async remove(key: OutboxKey): Promise<void> {
    await Deno.remove(this.#path(key)).catch(() => {});
  }

  #path({ to, path, as, identity }: OutboxKey): string {
    const digest = createHash("sha256").update(JSON.stringify([to, path, as, identity])).digest();
    return join(this.#dir, Buffer.from(digest.subarray(0, 16)).toString("hex"));
  }
}
