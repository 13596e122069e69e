import { encodeKey, type KeyText } from "../../../src/secure/static_key.ts";
import { Spool, type SpoolOptions } from "../../../src/hub/spool/spool.ts";
import type { Relay } from "../../../src/hub/spool/spool_record.ts";
import { type KeptEnvelopes, SpooledTransfer } from "../../../src/hub/spool/spooled_transfer.ts";
import { priceOfEnvelopes } from "../../../src/hub/spool/transfer_price.ts";
import { Book } from "../../../src/storage/book/book.ts";
import { chunkOf } from "../../helpers/chunks.ts";

/** Static keys, as they stand in messages. */
export const KEYS = { ana: keyOf(1), bob: keyOf(2), cy: keyOf(3) };

function keyOf(byte: number): KeyText {
  return encodeKey(new Uint8Array(32).fill(byte));
}

export const SALT = "S".repeat(43);

/** A relay of `size` bytes from one person to others. */
export function relayOf(
  number: number,
  { from = "ana", to = ["bob"], size = 1000 }: {
    from?: keyof typeof KEYS;
    to?: (keyof typeof KEYS)[];
    size?: number | null;
  } = {},
): Omit<Relay, "created" | "until"> & { sealed: string[] } {
  return {
    transfer: number.toString(16).padStart(32, "0"),
    from: { name: from, key: KEYS[from] },
    size,
    recipients: to.map((name) => ({ name, key: KEYS[name], length: sealedFor(name).length })),
    sealed: to.map(sealedFor),
  };
}

function sealedFor(name: string): string {
  return `for ${name}`;
}

/** The price of one envelope of a test's relay, for a name of three letters. */
export const ENVELOPE_BYTES = priceOfEnvelopes({ count: 1, bytes: sealedFor("bob").length }).bytes;

/** The envelopes of a relay, in a folder of their own that is moved to where they stay. */
export function keptEnvelopes({ sealed }: { sealed: string[] }): KeptEnvelopes {
  return {
    async keep(folder) {
      await Deno.mkdir(folder);
      await Deno.writeTextFile(`${folder}/envelopes`, sealed.join(""));
    },
  };
}

/** Options of a spool of a test; without `book` one with `quotaBytes`. */
export interface TestSpoolOptions extends Partial<SpoolOptions> {
  quotaBytes?: number;
}

/** A spool of a test, which is closed at the end of the block. */
export class TestSpool implements AsyncDisposable {
  readonly spool: Spool;

  static async open(
    home: string,
    { quotaBytes, ...options }: TestSpoolOptions = {},
  ): Promise<TestSpool> {
    const book = options.book ?? new Book({ quotaBytes });
    const spool = await Spool.open(home, { keepMs: 86_400_000, ...options, book });
    return new TestSpool(spool, book);
  }

  private constructor(spool: Spool, readonly book: Book) {
    this.spool = spool;
  }

  /** Takes a transfer in; throws the reason where there is no room. */
  async admit(...args: Parameters<typeof relayOf>): Promise<SpooledTransfer> {
    const { sealed, recipients, ...relay } = relayOf(...args);
    await using draft = this.spool.draft({ key: relay.from.key });
    for (const [i, { name, key }] of recipients.entries()) {
      await draft.add({ name, key }, sealed[i]!);
    }
    const admitted = await this.spool.admit(draft, relay);
    if (admitted instanceof SpooledTransfer) return admitted;
    throw new Error(`${admitted.code}: ${admitted.reason}`);
  }

  /** Takes a transfer in that is on disk, all of it. */
  async store(...args: Parameters<typeof relayOf>): Promise<SpooledTransfer> {
    const admitted = await this.admit(...args);
    await this.fill(admitted);
    return admitted;
  }

  /** Brings all of a transfer, in one chunk. */
  async fill({ upload, relay }: SpooledTransfer): Promise<void> {
    await upload.begin(SALT);
    await upload.append(chunkOf(relay.size ?? 1000));
    await upload.finish();
  }

  async [Symbol.asyncDispose]() {
    await this.spool.close();
  }
}
