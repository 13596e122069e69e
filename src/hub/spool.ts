import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { makePrivateFolder } from "../secure/private_file.ts";
import { freeBytes } from "../storage/disk_space.ts";
import { type Relay, SpooledTransfer } from "./spooled_transfer.ts";

/** Bytes that stay free on the hub's disk. */
const SPARE_BYTES = 64 * 2 ** 20;

const SWEEP_EVERY_MS = 60_000;

/** What a hub keeps for people, and how much of it. */
export interface SpoolOptions {
  /** How long a transfer waits for its receivers. */
  keepMs: number;
  /** Most bytes that wait from one sender, and for one receiver. */
  quotaBytes: number;
  /** Is told what has expired for whom. */
  onExpired?: (transfer: SpooledTransfer, to: string) => void;
}

/** The transfers that pass through the hub, on its disk until everybody has them (SPEC.md §18). */
export class Spool {
  readonly keepMs: number;
  readonly #folder: string;
  readonly #options: SpoolOptions;
  readonly #transfers: Map<string, SpooledTransfer>;
  readonly #sweeper: ReturnType<typeof setInterval>;

  /** The spool in `home`, with what an earlier run left in it. */
  static async open(home: string, options: SpoolOptions): Promise<Spool> {
    const folder = join(home, "spool");
    await makePrivateFolder(folder);
    const transfers = new Map<string, SpooledTransfer>();
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const found = isDirectory ? await SpooledTransfer.recover(join(folder, name)) : undefined;
      if (found === undefined) await Deno.remove(join(folder, name), { recursive: true });
      else transfers.set(name, found);
    }
    const spool = new Spool(folder, { options, transfers });
    await spool.sweep();
    return spool;
  }

  private constructor(
    folder: string,
    { options, transfers }: { options: SpoolOptions; transfers: Map<string, SpooledTransfer> },
  ) {
    this.keepMs = options.keepMs;
    this.#folder = folder;
    this.#options = options;
    this.#transfers = transfers;
    this.#sweeper = setInterval(() => this.sweep(), SWEEP_EVERY_MS);
    Deno.unrefTimer(this.#sweeper as unknown as number);
  }

  /** The transfer of that sender and id; undefined where there is none. */
  find(senderKey: string, transfer: string): SpooledTransfer | undefined {
    return this.#transfers.get(idOf(senderKey, transfer));
  }

  /** Keeps a new transfer. */
  async create(relay: Relay): Promise<SpooledTransfer> {
    const id = idOf(relay.from.key, relay.transfer);
    const created = await SpooledTransfer.create(join(this.#folder, id), relay);
    this.#transfers.set(id, created);
    return created;
  }

  /** What waits for `name`, the oldest first. */
  waitingFor(name: string): SpooledTransfer[] {
    return this.#sorted((transfer) =>
      !transfer.outcomes.has(name) &&
      transfer.relay.recipients.some((recipient) => recipient.name === name)
    );
  }

  /** All that `senderKey` has sent, the oldest first. */
  sentBy(senderKey: string): SpooledTransfer[] {
    return this.#sorted((transfer) => transfer.relay.from.key === senderKey);
  }

  /** Why `size` bytes from `senderKey` to `names` do not fit; undefined where they do. */
  noRoom(
    size: number,
    { senderKey, names }: { senderKey: string; names: string[] },
  ): string | undefined {
    const { quotaBytes } = this.#options;
    const left = (transfers: SpooledTransfer[]) =>
      Math.max(
        0,
        quotaBytes -
          transfers.filter((one) => !one.concluded).reduce((sum, one) => sum + one.bytes, 0),
      );
    const senderLeft = left(this.sentBy(senderKey));
    if (size > senderLeft) {
      return `it has ${size} bytes, and ${senderLeft} are left of what one sender may have waiting`;
    }
    for (const name of names) {
      const nameLeft = left(this.waitingFor(name));
      if (size > nameLeft) {
        return `it has ${size} bytes, and ${nameLeft} are left of what may wait for "${name}"`;
      }
    }
    const free = Math.max(0, (freeBytes(this.#folder) ?? Infinity) - SPARE_BYTES);
    return size > free ? `it has ${size} bytes, and ${free} are free at the hub` : undefined;
  }

  /** Ends what has waited too long, and forgets what is older than that altogether. */
  async sweep(): Promise<void> {
    const now = Date.now();
    for (const [id, transfer] of this.#transfers) {
      if (transfer.relay.until > now) continue;
      for (const { name } of transfer.relay.recipients) {
        if (transfer.outcomes.has(name)) continue;
        await transfer.conclude({ to: name, code: "expired", sealed: null });
        this.#options.onExpired?.(transfer, name);
      }
      if (transfer.relay.until + this.keepMs > now) continue;
      this.#transfers.delete(id);
      await transfer.remove();
    }
  }

  /** Closes everything. */
  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    for (const transfer of this.#transfers.values()) await transfer.close();
  }

  #sorted(matches: (transfer: SpooledTransfer) => boolean): SpooledTransfer[] {
    return [...this.#transfers.values()].filter(matches).sort((a, b) =>
      a.relay.created - b.relay.created
    );
  }
}

function idOf(senderKey: string, transfer: string): string {
  const hash = createHash("sha256").update(Buffer.from(senderKey, "base64url")).update(
    Buffer.from(transfer, "hex"),
  );
  return hash.digest("hex").slice(0, 32);
}
