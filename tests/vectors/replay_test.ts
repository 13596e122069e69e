import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { concat } from "../../src/bytes.ts";
import type { HandshakeConnection } from "../../src/protocol/handshake.ts";
import { unpackChunk } from "../../src/protocol/packed_chunk.ts";
import { open } from "../../src/secure/aead.ts";
import { CodeClaimant, CodeCreator } from "../../src/secure/code_exchange.ts";
import { parseCode } from "../../src/secure/code_words.ts";
import { reducedScalar } from "../../src/secure/cpace/cpace.ts";
import { openEnvelope } from "../../src/secure/envelope.ts";
import { RecordCipher } from "../../src/secure/record_cipher.ts";
import type { Tail } from "../../src/storage/archive/archive.ts";
import { ArchiveDecoder } from "../../src/storage/archive/archive_decoder.ts";
import { StorageError } from "../../src/storage/storage_error.ts";
import { FIRST, framesOf, runSide, type Side } from "./handshake.ts";
import { fromHex, identityOf, type Vector } from "./vector.ts";

const text = new TextDecoder();
const NONCE = (flags: number) => Uint8Array.from([...new Uint8Array(11), flags]);

Deno.test("each side answers the other's bytes of a handshake, one by one, with those of the vector", async () => {
  for (const { name, keys, in: given, out } of await read("handshake")) {
    const secret = given.secret as string | undefined;
    const sides: [Side, Side][] = [["initiator", "acceptor"], ["acceptor", "initiator"]];
    for (const [side, other] of sides) {
      const conn = new ByteByByte(fromHex(out[`${other}Sends`]!));
      const done = await runSide(side, conn, { keys, secret });
      assert.equal(Buffer.concat(conn.written).toString("hex"), out[`${side}Sends`], name);
      assert.equal((await done.end).proof, secret === undefined ? "none" : "secret");
      const first = new RecordCipher(done.receive).open(fromHex(out[`${other}FirstRecord`]!));
      assert.equal(text.decode(first), FIRST[other]);
    }
  }
});

Deno.test("h of a handshake is SHA-256 over the protocol's name and what was sent, in its order", async () => {
  const mix = (h: Buffer, bytes: Uint8Array) =>
    createHash("sha256").update(h).update(bytes).digest();
  for (const { name, out } of await read("handshake")) {
    const [sent, answered] = [fromHex(out.initiatorSends!), fromHex(out.acceptorSends!)];
    const [message1, message3] = framesOf(sent);
    const [message2] = framesOf(answered);
    const parts = [
      sent.subarray(0, 8),
      ...cut(message1!, [32, 1_184, 0]),
      ...cut(message2!, [32, 1_088 + 16, 32 + 16, Infinity]),
      ...cut(message3!, [32 + 16, Infinity]),
    ];
    const suite = "Noise_XXhfs_25519+MLKEM768_ChaChaPoly_SHA256";
    const start = createHash("sha256").update(suite).digest();
    assert.equal(parts.reduce(mix, start).toString("hex"), out.h, name);
  }
});

Deno.test("the envelopes of the vectors open for their receiver, and not with a byte changed", async () => {
  for (const { keys, in: given, out } of await read("envelopes")) {
    const sender = { x25519: keys.senderX25519!, kemSeed: keys.senderKemSeed! };
    const receiver = { x25519: keys.receiverX25519!, kemSeed: keys.receiverKemSeed! };
    const context = {
      purpose: given.purpose as 1 | 2,
      transferId: fromHex(given.transfer!),
      receiver: await identityOf(receiver),
    };
    const envelope = fromHex(out.envelope!);
    const opened = await openEnvelope(envelope, context);
    assert.equal(text.decode(opened.payload), given.json);
    assert.deepEqual(opened.sender.id, (await identityOf(sender)).id);
    for (let at = 0; at < envelope.length; at += 97) {
      const changed = envelope.slice();
      changed[at]! ^= 1;
      await assert.rejects(openEnvelope(changed, context), { code: "protocol" });
    }
  }
});

Deno.test("either side of a code answers the other's words as the vector does", async () => {
  for (const { keys, in: given, out } of await read("codes")) {
    const code = parseCode(String(given.code));
    const scalar = (key: string) => reducedScalar(fromHex(keys[key]!));
    const creator = new CodeCreator(code, {
      sid: fromHex(keys.sid!),
      scalar: scalar("creatorScalar"),
    });
    const claimant = new CodeClaimant(code, fromHex(out.opening!), scalar("claimantScalar"));
    const ours = new TextEncoder().encode(String(given.creatorIntroduction));
    const theirs = new TextEncoder().encode(String(given.claimantIntroduction));
    assert.equal(creator.answer(fromHex(out.proof!), ours).toHex(), out.answer);
    assert.equal(text.decode(creator.finish(fromHex(out.last!))), given.claimantIntroduction);
    const finished = claimant.finish(fromHex(out.answer!), theirs);
    assert.equal(text.decode(finished.theirs), given.creatorIntroduction);
    assert.equal(finished.last.toHex(), out.last);
  }
});

Deno.test("the archives of the vectors are read byte by byte, or refused", async () => {
  for (const { name, in: given, out } of await read("archives")) {
    if (out.refused !== undefined) {
      assert.throws(() => readArchive(fromHex(given.archive!)), StorageError, name);
      continue;
    }
    assert.deepEqual(readArchive(fromHex(out.archive!)), JSON.parse(String(given.entries)), name);
  }
});

Deno.test("the packed chunks of the vectors unpack to what they say, or are refused", async () => {
  for (const { name, keys, in: given, out } of await read("packed")) {
    const [frame, flags] = [fromHex(given.frame!), Number(given.flags)];
    const unpacking = unpackChunk(frame, { last: (flags & 1) !== 0 });
    if (out.refused !== undefined) {
      await assert.rejects(unpacking, { code: "protocol" }, name);
      continue;
    }
    const chunk = await unpacking;
    assert.equal(String(chunk.length), out.bytes, name);
    assert.equal(createHash("sha256").update(chunk).digest("hex"), out.sha256, name);
    const sealed = fromHex(out["chunk 0"]!);
    assert.equal(sealed[0], flags);
    assert.deepEqual(open(fromHex(keys.dataKey!), NONCE(flags), sealed.subarray(1)), frame);
  }
});

/** A connection on which bytes come one by one. */
class ByteByByte implements HandshakeConnection {
  readonly written: Uint8Array[] = [];
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(into: Uint8Array): Promise<number | null> {
    if (this.#at === this.#bytes.length) return Promise.resolve(null);
    into[0] = this.#bytes[this.#at++]!;
    return Promise.resolve(1);
  }

  write(bytes: Uint8Array): Promise<void> {
    this.written.push(bytes.slice());
    return Promise.resolve();
  }
}

/** `bytes` in parts of those lengths; Infinity stands for the rest. */
function cut(bytes: Uint8Array, lengths: number[]): Uint8Array[] {
  let at = 0;
  return lengths.map((length) => bytes.subarray(at, at += Math.min(length, bytes.length - at)));
}

/** The entries of an archive whose bytes come one by one, with their contents and states. */
function readArchive(archive: Uint8Array) {
  const decoder = new ArchiveDecoder();
  const found: { entry: unknown; content: Uint8Array[]; tail?: Tail }[] = [];
  for (const byte of archive) {
    for (const event of decoder.push(Uint8Array.of(byte))) {
      if (event.type === "entry") found.push({ entry: event.entry, content: [] });
      if (event.type === "content") found.at(-1)!.content.push(event.bytes.slice());
      if (event.type === "tail") found.at(-1)!.tail = event.tail;
    }
  }
  assert.ok(decoder.ended);
  return found.map(({ entry, content, tail }) => {
    const bytes = concat(content);
    if (tail === undefined) return { entry: plain(entry) };
    assert.equal(Buffer.from(tail.sha256).toString("hex"), sha256(bytes));
    return { entry: plain(entry), content: text.decode(bytes), ...plain({ state: tail.missing }) };
  });
}

/** The same without fields that are undefined. */
function plain(value: unknown) {
  return JSON.parse(JSON.stringify(value));
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function read(file: string): Promise<Vector[]> {
  return JSON.parse(await Deno.readTextFile(new URL(`${file}.json`, import.meta.url)));
}
