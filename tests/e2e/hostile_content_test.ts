import { randomBytes } from "node:crypto";
import { WINDOW_BYTES } from "../../src/protocol/window.ts";
import { CHUNK_BYTES, SEALED_CHUNK_BYTES } from "../../src/secure/sealed_stream.ts";
import { ARCHIVE_END, encodeEntry, encodeTail } from "../../src/storage/archive/archive.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { type Attack, type Expected, testAttacks } from "./withstand.ts";
import { packed } from "../helpers/packed.ts";
import { chunkOf } from "../helpers/chunks.ts";

const LIES: Record<string, [Attack, Expected]> = {
  "more content than declared, by one byte": [
    (peer) => peer.deliver(sampleBytes(1001), { size: 1000 }),
    ["cancel", "damaged", /is longer than the 1000 bytes it was offered with/],
  ],
  "less content than declared, by one byte": [
    (peer) => peer.deliver(sampleBytes(999), { size: 1000 }),
    ["cancel", "damaged", /has 999 bytes, not 1000 as it was offered/],
  ],
  "content where none was declared": [
    (peer) => peer.deliver(sampleBytes(1), { size: 0 }),
    ["cancel", "damaged", /./],
  ],
  "the largest size there is": [
    (peer) => peer.deliver(sampleBytes(1), { size: Number.MAX_SAFE_INTEGER }),
    ["refuse", "space", /are still to come/],
  ],
  "a folder of more files than declared": [
    (peer) => peer.deliver(folderOf(["a", "b"]), { folder: true, size: 2, files: 1 }),
    ["cancel", "damaged", /more than the 1 files/],
  ],
  "a folder of fewer files than declared": [
    (peer) => peer.deliver(folderOf(["a", "b"]), { folder: true, size: 2, files: 3 }),
    ["cancel", "damaged", /has 2 files and 2 bytes, not 3 and 2/],
  ],
  "a folder of more bytes than declared": [
    (peer) => peer.deliver(folderOf(["a", "b"]), { folder: true, size: 1, files: 2 }),
    ["cancel", "damaged", /./],
  ],
  "a folder without an end": [
    (peer) => peer.deliver(folderOf(["a"]).slice(0, -2), { folder: true, size: 1, files: 1 }),
    ["cancel", "damaged", /ends before its archive does/],
  ],
  "a folder with something behind its end": [
    (peer) =>
      peer.deliver(concat(folderOf(["a"]), ARCHIVE_END), { folder: true, size: 1, files: 1 }),
    ["cancel", "damaged", /after its end/],
  ],
  "a folder whose file has no folder": [
    (peer) => peer.deliver(folderOf(["nowhere/a"]), { folder: true, size: 1, files: 1 }),
    ["cancel", "name", /its folder was not announced/],
  ],
};

const STREAMS: Record<string, [Attack, Expected]> = {
  "a chunk twice": [tampered(([a, , c]) => [a!, a!, c!]), [
    "cancel",
    "corrupt",
    /cannot open chunk 1/,
  ]],
  "chunks in another order": [tampered(([a, b, c]) => [b!, a!, c!]), [
    "cancel",
    "corrupt",
    /chunk 0/,
  ]],
  "a chunk left out": [tampered(([a, , c]) => [a!, c!]), ["cancel", "corrupt", /chunk 1/]],
  "an end before the last chunk": [
    tampered(([a, b]) => [a!, b!]),
    ["cancel", "corrupt", /the stream ends before the last chunk/],
  ],
  "a changed bit": [
    tampered(([a, b, c]) => [a!, b!.map((byte, i) => i === 99 ? byte ^ 4 : byte), c!]),
    ["cancel", "corrupt", /chunk 1: it is not authentic/],
  ],
  "a chunk behind the last": [
    tampered(([a]) => [a!, a!], CHUNK_BYTES),
    ["goodbye", "protocol", /data after its end/],
  ],
  "chunks of another key": [
    async (peer) => {
      const offer = peer.offerOf(1000);
      await peer.ask(JSON.stringify(offer));
      return await peer.attempt(
        { ...offer, key: randomBytes(32).toString("base64url") },
        sampleBytes(1000),
      );
    },
    ["cancel", "corrupt", /chunk 0/],
  ],
  "chunks of another transfer": [
    async (peer) => {
      const offer = peer.offerOf(1000);
      await peer.ask(JSON.stringify(offer));
      return await peer.attempt({ ...offer, transfer: "00".repeat(16) }, sampleBytes(1000));
    },
    ["cancel", "corrupt", /chunk 0/],
  ],
  "a packed chunk that is a bomb": [
    packedBy(() => packed(new Uint8Array(2 ** 26))),
    ["cancel", "corrupt", /cannot unpack chunk: over 262144 bytes/],
  ],
  "a packed chunk with bytes behind it": [
    packedBy((chunk) => concat(packed(chunk), new Uint8Array(1))),
    ["cancel", "corrupt", /cannot unpack chunk: it does not end with its frame/],
  ],
  "a packed chunk that is none": [
    packedBy((chunk) => chunk.subarray(0, 500)),
    ["cancel", "corrupt", /cannot unpack chunk: it is no frame/],
  ],
  "a packed chunk that unpacks to less than it should": [
    packedBy((chunk) => packed(chunk.subarray(1))),
    ["cancel", "corrupt", /cannot unpack chunk: 262143 bytes, and it is not the last/],
  ],
  "data in front of an offer": [
    (peer) => peer.askData(1, chunkOf(100)),
    ["goodbye", "protocol", /exchange 1 was never opened/],
  ],
  "data behind a short chunk": [
    tampered(([, , c]) => [c!, c!]),
    ["goodbye", "protocol", /data after its end/],
  ],
  "more data than was granted": [
    async (peer) => {
      await peer.ask(JSON.stringify(peer.offerOf(10_000_000)));
      await peer.send({ type: "begin", exchange: 1, offset: 0, salt: "S".repeat(43) });
      const chunk = chunkOf();
      const granted = Math.floor(WINDOW_BYTES / SEALED_CHUNK_BYTES);
      for (let i = 0; i < granted; i++) await peer.sendData(1, chunk);
      return await peer.askData(1, chunk);
    },
    ["goodbye", "protocol", /more than it was granted/],
  ],
  "data without a begin": [
    async (peer) => {
      await peer.ask(JSON.stringify(peer.offerOf(100)));
      return await peer.askData(1, chunkOf(116));
    },
    ["goodbye", "protocol", /exchange 1 sent data before a run/],
  ],
  "a word in place of a begin": [
    async (peer) => {
      await peer.ask(JSON.stringify(peer.offerOf(100)));
      return await peer.ask('{"type":"settled","exchange":1}');
    },
    ["cancel", "corrupt", /expected a run from 0, got "settled"/],
  ],
  "a second begin": [
    async (peer) => {
      await peer.ask(JSON.stringify(peer.offerOf(1_000_000)));
      const begin = { type: "begin", exchange: 1, offset: 0, salt: "S".repeat(43) };
      await peer.send(begin);
      return await peer.ask(JSON.stringify(begin));
    },
    ["goodbye", "protocol", /exchange 1 began without an "accept"/],
  ],
  "a begin at an offset of its own": [
    async (peer) => {
      const offer = peer.offerOf(1000);
      await peer.ask(JSON.stringify(offer));
      return await peer.attempt(offer, sampleBytes(1000), { offset: 500 });
    },
    ["cancel", "corrupt", /expected a run from 0, got "begin"/],
  ],
};

testAttacks({ ...LIES, ...STREAMS });

/** A transfer of three chunks, or of `length` bytes, that `tamper` changes on the way. */
function tampered(
  tamper: (chunks: Uint8Array[]) => Uint8Array[],
  length = 2 * CHUNK_BYTES + 1000,
): Attack {
  return async (peer) => {
    const offer = peer.offerOf(length);
    await peer.ask(JSON.stringify(offer));
    return await peer.attempt(offer, sampleBytes(length), { tamper });
  };
}

/** A transfer of two chunks of zeros, each packed somehow. */
function packedBy(pack: (chunk: Uint8Array) => Uint8Array): Attack {
  return async (peer) => {
    const content = new Uint8Array(2 * CHUNK_BYTES);
    const offer = peer.offerOf(content.length);
    await peer.ask(JSON.stringify(offer));
    return await peer.attempt(offer, content, { pack });
  };
}

/** The archive of a folder that holds files of one byte. */
function folderOf(paths: string[]): Uint8Array {
  const entries = paths.flatMap((path) => [
    encodeEntry({
      path: path.split("/"),
      folder: false,
      modified: 0,
      size: 1,
      kind: "file",
      executable: false,
    }),
    new Uint8Array(1),
    encodeTail({ missing: undefined, sha256: new Uint8Array(32) }),
  ]);
  return concat(...entries, ARCHIVE_END);
}

function concat(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}
