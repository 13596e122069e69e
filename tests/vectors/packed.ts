import { createHash } from "node:crypto";
import { concat } from "../../src/bytes.ts";
import { unpackChunk } from "../../src/protocol/packed_chunk.ts";
import { NONCE_BYTES, seal } from "../../src/secure/aead.ts";
import { FLAG } from "../../src/transport/chunk_flags.ts";
import { counting, fromHex, type Vector } from "./vector.ts";

/** The start of a frame of Zstandard without a size, with a window of 262,144 bytes. */
const START = "28b52ffd0040";
/** A block of 131,072 times one byte; the last one of a frame. */
const [RUN, LAST_RUN] = ["02001061", "03001062"];
/** 20 times `the same words again and again` and a line feed, as level 1 packs it. */
const WORDS =
  "28b52ffd00403d0100f87468652073616d6520776f72647320616761696e20616e6420616761696e0a01002b11957202";

const TAKEN: [name: string, flags: number, frame: string][] = [
  ["a whole chunk", FLAG.packed, START + RUN + LAST_RUN],
  ["a last one", FLAG.packed | FLAG.last, WORDS],
];

const REFUSED: [name: string, flags: number, frame: string][] = [
  ["a short one that is not the last", FLAG.packed, WORDS],
  ["one byte more than a chunk has", FLAG.packed, START + RUN + "02001062" + "0b000063"],
  ["bytes behind the frame", FLAG.packed | FLAG.last, WORDS + "00"],
  ["a second frame", FLAG.packed | FLAG.last, WORDS + WORDS],
  ["a frame that is cut off", FLAG.packed | FLAG.last, WORDS.slice(0, -2)],
  ["another kind of frame", FLAG.packed | FLAG.last, "502a4d180400000001020304"],
  ["a window of 524,288 bytes", FLAG.packed, "28b52ffd0048" + RUN + LAST_RUN],
  ["a size over a chunk", FLAG.packed, "28b52ffda001000400" + RUN + LAST_RUN],
  ["a dictionary", FLAG.packed, "28b52ffd014001" + RUN + LAST_RUN],
  ["a reserved bit", FLAG.packed, "28b52ffd0840" + RUN + LAST_RUN],
  ["a reserved kind of block", FLAG.packed, START + RUN + "07001062"],
  ["as many bytes as it unpacks to", FLAG.packed | FLAG.last, START + "0b000061"],
  ["nothing in it", FLAG.packed | FLAG.last, START + "010000"],
];

/** The vectors of packed chunks of SPEC.md §9: each is the first of its run. */
export async function packed(): Promise<Vector[]> {
  const dataKey = counting(0, 32);
  const keys = { dataKey: dataKey.toHex() };
  const taken = await Promise.all(TAKEN.map(async ([name, flags, frame]) => {
    const chunk = await unpackChunk(fromHex(frame), { last: (flags & FLAG.last) !== 0 });
    const nonce = new Uint8Array(NONCE_BYTES);
    nonce[NONCE_BYTES - 1] = flags;
    const sealed = concat([Uint8Array.of(flags), seal(dataKey, nonce, fromHex(frame))]).toHex();
    const sha256 = createHash("sha256").update(chunk).digest("hex");
    const out = { bytes: String(chunk.length), sha256, "chunk 0": sealed };
    return { name, keys, in: { flags, frame }, out };
  }));
  const refused = REFUSED.map(([name, flags, frame]) => ({
    ...{ name, keys, in: { flags, frame } },
    out: { refused: "true" },
  }));
  return [...taken, ...refused];
}
