import { handOver, type OwnedBytes } from "../../../src/buffer_pool.ts";
import { encodeKey, type KeyText } from "../../../src/secure/static_key.ts";
import { Spool, type SpoolOptions } from "../../../src/hub/spool/spool.ts";
import type { Relay } from "../../../src/hub/spool/spool_record.ts";
import { SpooledTransfer } from "../../../src/hub/spool/spooled_transfer.ts";
import { DATA_HEADROOM_BYTES } from "../../../src/protocol/channel.ts";
import { SEALED_CHUNK_BYTES } from "../../../src/secure/sealed_stream.ts";

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
): Omit<Relay, "created" | "until"> {
  return {
    transfer: number.toString(16).padStart(32, "0"),
    from: { name: from, key: KEYS[from] },
    size,
    recipients: to.map((name) => ({ name, key: KEYS[name], sealed: `for ${name}` })),
  };
}

/** A spool of a test, which is closed at the end of the block. */
export class TestSpool implements AsyncDisposable {
  readonly spool: Spool;

  static async open(home: string, options: Partial<SpoolOptions> = {}): Promise<TestSpool> {
    const defaults = { keepMs: 86_400_000, quotaBytes: Infinity };
    return new TestSpool(await Spool.open(home, { ...defaults, ...options }));
  }

  private constructor(spool: Spool) {
    this.spool = spool;
  }

  /** Takes a transfer in; throws the reason where there is no room. */
  async admit(...args: Parameters<typeof relayOf>): Promise<SpooledTransfer> {
    const admitted = await this.spool.admit(relayOf(...args));
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

/** A sealed chunk as it comes in, as far as a hub can tell. */
export function chunkOf(length = SEALED_CHUNK_BYTES, fill = 1): OwnedBytes {
  return handOver(
    new Uint8Array(DATA_HEADROOM_BYTES + length).fill(fill).subarray(DATA_HEADROOM_BYTES),
  );
}
