import { join } from "node:path";
import { fromBase64url, toBase64url } from "../bytes.ts";
import { base64url, int, object } from "../protocol/schema.ts";
import { randomBytes } from "../secure/random.ts";
import type { RelayKey } from "../transfer/send/sealed_offer.ts";
import { makePrivateFolder, readPrivateFile } from "./private_file.ts";
import { SENT_FOLDER } from "./sent.ts";

const line = object({ key: base64url(43), created: int() });

/**
 * The keys of transfers that are on their way through hubs, each in a file of its own in the
 * sender's home until the sender is done with it: whoever gets at this home later can open nothing
 * that was relayed before (SPEC.md §18).
 */
export class RelayKeys {
  readonly #folder: string;

  constructor(home: string) {
    this.#folder = join(home, SENT_FOLDER);
  }

  /** The key of a transfer that was begun; undefined where it is done with, or its file damaged. */
  async find(transfer: string): Promise<RelayKey | undefined> {
    try {
      const text = await readPrivateFile(this.#path(transfer));
      if (text === undefined) return undefined;
      const { key, created } = line(JSON.parse(text), "");
      return { key: fromBase64url(key), created };
    } catch {
      return undefined;
    }
  }

  /** A new key for a transfer that begins at `created`, in milliseconds since 1970. */
  async make(transfer: string, created: number): Promise<RelayKey> {
    await makePrivateFolder(this.#folder);
    const key = randomBytes(32);
    // Not synced: a crash that takes it costs a resume, and it need not reach the disk at all.
    const text = JSON.stringify({ key: toBase64url(key), created }) + "\n";
    await Deno.writeTextFile(this.#path(transfer), text, { mode: 0o600 });
    return { key, created };
  }

  /** Erases the key of a transfer that will not go on. */
  async erase(transfer: string): Promise<void> {
    await Deno.remove(this.#path(transfer)).catch(() => {}); // It was erased before.
  }

  #path(transfer: string): string {
    return join(this.#folder, `${transfer}.key`);
  }
}
