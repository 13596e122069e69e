import { createHash } from "node:crypto";
import { handOver } from "../../src/buffer_pool.ts";
import { toHex, utf8 } from "../../src/bytes.ts";
import { fingerprint, fingerprintWords } from "../../src/secure/fingerprint.ts";
import { CipherState } from "../../src/secure/noise/cipher_state.ts";
import { RecordCipher, RECORDS_PER_KEY } from "../../src/secure/record_cipher.ts";
import { CHUNK_BYTES, deriveDataKey, SealStream } from "../../src/secure/sealed_stream.ts";
import { sharedWords } from "../../src/secure/shared_words.ts";
import { archives } from "./archives.ts";
import { codes } from "./codes.ts";
import { envelopes } from "./envelopes.ts";
import { handshake } from "./handshake.ts";
import { packed } from "./packed.ts";
import { counting, identityOf, type Vector } from "./vector.ts";
import { partId } from "../../src/storage/part/staging_folder.ts";

/** The vectors of each file, by its name without `.json`. */
export const VECTORS: Record<string, () => Promise<Vector[]>> = {
  identities,
  handshake,
  records,
  chunks,
  packed,
  envelopes,
  codes,
  archives,
};

async function identities(): Promise<Vector[]> {
  const made = await Promise.all([0, 100].map(async (first) => {
    const keys = {
      x25519: toHex(counting(first, 32)),
      kemSeed: toHex(counting(first + 32, 64)),
    };
    return { keys, identity: await identityOf(keys) };
  }));
  const [ours, theirs] = made.map(({ identity }) => identity.id);
  const transfer = toHex(counting(200, 16));
  return await Promise.all(made.map(async ({ keys, identity: { id, bytes } }, i) => ({
    name: `identity ${i + 1}`,
    keys,
    in: { transfer },
    out: {
      publicKeys: toHex(bytes),
      id: toHex(id),
      fingerprint: fingerprint(id),
      words: (await fingerprintWords(id)).join(" "),
      sharedWords: sharedWords(ours!, theirs!).join(" "),
      partId: partId(id, transfer),
    },
  })));
}

function records(): Promise<Vector[]> {
  const key = counting(0, 32);
  const message = '{"type":"ping"}';
  const cipher = new RecordCipher(new CipherState(key));
  const wanted = [0, RECORDS_PER_KEY - 1, RECORDS_PER_KEY];
  const vectors: Vector[] = [];
  for (let number = 0; number <= RECORDS_PER_KEY; number++) {
    const record = cipher.seal(utf8(message));
    if (!wanted.includes(number)) continue;
    vectors.push({
      name: `record ${number}`,
      keys: { key: toHex(key) },
      in: { number, message },
      out: { record: toHex(record) },
    });
  }
  return Promise.resolve(vectors);
}

/** Contents of a run, by name, and the offset at which it begins. */
const RUNS: [name: string, offset: number, length: number][] = [
  ["an empty run", 0, 0],
  ["one short chunk", 0, 5],
  ["a whole chunk and a short one", 262_144, CHUNK_BYTES + 5],
];

async function chunks(): Promise<Vector[]> {
  const [key, salt, transferId] = [counting(0, 32), counting(32, 32), counting(64, 16)];
  return await Promise.all(RUNS.map(async ([name, offset, length]) => {
    const dataKey = deriveDataKey(key, { salt, transferId, offset });
    const content = counting(0, length);
    const sealed = await sealedChunks(dataKey, content);
    const named = sealed.map((chunk, i): [string, string] =>
      chunk.length > 100 ? [`sha256 of ${i}`, sha256(chunk)] : [`chunk ${i}`, toHex(chunk)]
    );
    return {
      name,
      keys: { transferKey: toHex(key), salt: toHex(salt) },
      in: { transfer: toHex(transferId), offset, "bytes counting up from 0": length },
      out: { dataKey: toHex(dataKey), ...Object.fromEntries(named) },
    };
  }));
}

/** `flags:u8 ‖ sealed chunk` for each chunk of a run, as in a data frame. */
async function sealedChunks(dataKey: Uint8Array, content: Uint8Array): Promise<Uint8Array[]> {
  const plain = new ReadableStream({
    start(controller) {
      for (let at = 0; at < content.length; at += CHUNK_BYTES) {
        controller.enqueue(handOver(content.slice(at, at + CHUNK_BYTES)));
      }
      controller.close();
    },
  });
  return await Array.fromAsync(
    plain.pipeThrough(new SealStream(dataKey)),
    (chunk) => chunk.slice(),
  );
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
