import { join } from "node:path";
import {
  type Checked,
  hex,
  int,
  keyText,
  list,
  nullable,
  object,
  text,
} from "../protocol/schema.ts";
import { MAX_RECEIVERS } from "../protocol/messages.ts";
import { makePrivateFolder, readPrivateFile, replacePrivateFile } from "./private_file.ts";

/** The folder in a home with what was sent through hubs. */
export const SENT_FOLDER = "sent";

/**
 * The time that a hub remembers a transfer with its usual `--keep`: while it waits, and as long
 * again.
 */
const KEEP_MS = 14 * 86_400_000;

const sentTransfer = object({
  transfer: hex(32),
  /** The hub's fingerprint. */
  hub: text(64),
  name: text(1024),
  /** Absolute; null for what was no file: a text, standard input. */
  path: nullable(text(65_536)),
  identity: nullable(text(256)),
  size: nullable(int()),
  recipients: list(object({ name: text(64, 1), key: keyText }), MAX_RECEIVERS),
});

/**
 * A transfer that was sent through a hub, and its recipients: the hub itself cannot know the name.
 */
export type SentTransfer = Checked<typeof sentTransfer>;

/**
 * The transfers that went to people, a file each in the sender's home, so that the hub's list of
 * them can be read (SPEC.md §18).
 */
export class SentTransfers {
  readonly #folder: string;
  #isSwept = false;

  constructor(home: string) {
    this.#folder = join(home, SENT_FOLDER);
  }

  /** Notes a transfer that is about to be sent, again where it goes on. */
  async record(sent: SentTransfer): Promise<void> {
    await makePrivateFolder(this.#folder);
    if (!this.#isSwept) await this.#sweep();
    this.#isSwept = true;
    await replacePrivateFile(this.#folder, sent.transfer, JSON.stringify(sent) + "\n");
  }

  /** The transfer of that id; undefined where it was sent from another home, or long ago. */
  async find(transfer: string): Promise<SentTransfer | undefined> {
    const json = await readPrivateFile(join(this.#folder, transfer));
    try {
      return json === undefined ? undefined : sentTransfer(JSON.parse(json), "");
    } catch {
      return undefined;
    }
  }

  /** The ids that begin with these digits. */
  async startingWith(digits: string): Promise<string[]> {
    try {
      const names = (await Array.fromAsync(Deno.readDir(this.#folder))).map(({ name }) => name);
      return names.filter((name) => /^[0-9a-f]{32}$/.test(name) && name.startsWith(digits));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }

  async #sweep() {
    for await (const { name } of Deno.readDir(this.#folder)) {
      const path = join(this.#folder, name);
      const { mtime } = await Deno.stat(path).catch(() => ({ mtime: null }));
      if (mtime !== null && Date.now() - mtime.getTime() > KEEP_MS) {
        await Deno.remove(path).catch(() => {}); // Another run was faster.
      }
    }
  }
}
