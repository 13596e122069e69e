import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { P2pError } from "../../src/errors.ts";
import { readSpoolRecord } from "../../src/hub/spool/spool_record.ts";
import { Channel, DATA_HEADROOM_BYTES } from "../../src/protocol/channel.ts";
import type { Exchange } from "../../src/protocol/exchange.ts";
import { accept, initiate } from "../../src/protocol/handshake.ts";
import {
  decodeMessage,
  encodeMessage,
  type Message,
  OPENINGS,
} from "../../src/protocol/messages.ts";
import { Session } from "../../src/protocol/session.ts";
import { CHUNK_BYTES, OpenStream, SealStream } from "../../src/secure/sealed_stream.ts";
import { identityKeys } from "../../src/secure/identity_keys.ts";
import { encodeEntry, encodeTail } from "../../src/storage/archive/archive.ts";
import { ArchiveDecoder } from "../../src/storage/archive/archive_decoder.ts";
import { anyLine, readJournal } from "../../src/storage/journal.ts";
import { readRecord } from "../../src/storage/part/part_record.ts";
import type { Connection } from "../../src/transport/connection.ts";
import { readFrames } from "../../src/transport/frame.ts";
import { memoryConnection, MemoryPipe } from "../helpers/memory_connection.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { sampleMessages } from "../helpers/sample_messages.ts";
import { OFFER, SessionUnderTest } from "../helpers/session_pair.ts";
import { TamperedLoopback, type Tampering } from "../helpers/tampered_loopback.ts";
import { TempDir } from "../helpers/temp_dir.ts";
import { fullOr } from "../helpers/full_or.ts";

/** How long sessions are tampered with. */
const SECONDS = Number(Deno.env.get("P2P_FUZZ_SECONDS") ?? fullOr(2, 0.3));

/** So much of a session passes before what it carries is at its end. */
const SESSION_BYTES = 3 * CHUNK_BYTES;

const TIMES = { pingAfterMs: 100, answerWithinMs: 100, lostAfterMs: 300 };

/** A change to bytes that were good. */
const change = fc.record({ at: fc.nat(), byte: fc.nat(255), drop: fc.nat(3), add: fc.nat(3) });

Deno.test("decodeMessage gives a message or a refusal, whatever comes", () => {
  const refusesOrTakes = (bytes: Uint8Array) => {
    const message = takenOrRefused(() => decodeMessage(bytes));
    if (message !== undefined) assert.equal(typeof message.type, "string");
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), refusesOrTakes));
  fc.assert(
    fc.property(fc.json({ maxDepth: 8 }), (text) => refusesOrTakes(new TextEncoder().encode(text))),
  );
  const good = sampleMessages(1).map(encodeMessage);
  fc.assert(
    fc.property(
      fc.constantFrom(...good),
      fc.array(change, { maxLength: 4 }),
      (bytes, all) => refusesOrTakes(all.reduce(changed, bytes)),
    ),
    { numRuns: fullOr(500, 100) },
  );
});

Deno.test("decodeMessage takes what encodeMessage gives of every type", () => {
  for (const message of sampleMessages(1)) {
    assert.deepEqual(decodeMessage(encodeMessage(message)), message);
  }
});

Deno.test("readFrames gives frames within their bounds or a refusal, whatever comes", async () => {
  const header = fc.tuple(
    fc.constantFrom(0, 1, 2, 255),
    fc.constantFrom(0, 1, 3),
    fc.nat(255),
    fc.nat(255),
  );
  const pieces = fc.array(
    fc.oneof(fc.uint8Array({ maxLength: 300 }), header.map((h) => Uint8Array.from(h))),
  );
  await fc.assert(fc.asyncProperty(pieces, async (all) => {
    const left = [...all];
    const read = (into: Uint8Array) => {
      const piece = left.shift();
      if (piece === undefined) return Promise.resolve(null);
      into.set(piece.subarray(0, into.length));
      if (piece.length > into.length) left.unshift(piece.subarray(into.length));
      return Promise.resolve(Math.min(piece.length, into.length));
    };
    try {
      for await (const { type, body } of readFrames({ read })) {
        assert.ok(type === 0 ? body.length <= 65_535 : type === 1 && body.length <= 262_165);
      }
    } catch (error) {
      assertRefusal(error);
    }
  }));
});

Deno.test("ArchiveDecoder gives what went in or a refusal, whatever comes", () => {
  const archive = Buffer.concat(
    ["a", "b", "c"].flatMap((name) => [
      encodeEntry({
        ...{ path: [name], folder: false, modified: 1, size: 20, kind: "file", executable: false },
      }),
      sampleBytes(20),
      encodeTail({ missing: undefined, sha256: sampleBytes(32) }),
    ]),
  );
  const decode = (bytes: Uint8Array) => {
    let given = 0;
    takenOrRefused(() => {
      for (const event of new ArchiveDecoder().push(bytes)) {
        if ("bytes" in event) given += event.bytes.length;
      }
    });
    assert.ok(given <= bytes.length);
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), decode));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 3 }), (all) => decode(all.reduce(changed, archive))),
  );
});

Deno.test("a journal is read as far as it can be, whatever a crash has made of it", async () => {
  await using dir = await TempDir.make();
  const path = dir.join("journal");
  const digest = "ab".repeat(32);
  const publication = { savedAs: "a", sha256: digest, bytes: 1, resumedAt: 0 };
  const lines = [
    ...[{ offer: OFFER }, { offset: 8 * 2 ** 20, digest }, { publish: publication }],
    ...[{ receipt: publication }, { attempt: { chunk: 0, salt: "A".repeat(43) } }, { chunks: 32 }],
    ...[{ stored: true }, { outcome: { to: "bo", code: "delivered", sealed: null } }, null, [], 7],
  ];
  const good = new TextEncoder().encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const read = async (bytes: Uint8Array) => {
    await Deno.writeFile(path, bytes);
    const journal = await readJournal(path, anyLine);
    for (const offset of readRecord(journal).places.keys()) {
      assert.equal(offset % CHUNK_BYTES, 0);
    }
    readSpoolRecord(journal);
  };
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), read), {
    numRuns: fullOr(50, 20),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 4 }), (all) => read(all.reduce(changed, good))),
  );
});

Deno.test("a handshake with anything refuses, on both sides, within what it may read", async () => {
  const preamble = Uint8Array.of(0x50, 0x32, 0x50, 2, 1, 0, 0, 0);
  const bytes = fc.tuple(fc.boolean(), fc.uint8Array({ maxLength: 3000 }));
  await fc.assert(
    fc.asyncProperty(bytes, fc.boolean(), async ([isP2p, rest], asAcceptor) => {
      const [toAcceptor, toInitiator] = [new MemoryPipe(), new MemoryPipe()];
      const [initiator, acceptor] = memoryConnection(toAcceptor, toInitiator);
      const keyPair = await identityKeys();
      const checkKey = () => Promise.resolve();
      const [running, pipe] = asAcceptor
        ? [accept(acceptor, { keyPair }), toAcceptor] as const
        : [initiate(initiator, { keyPair, name: "ana", checkKey }), toInitiator] as const;
      running.catch(() => {});
      if (isP2p) await pipe.write(preamble);
      await pipe.write(rest);
      await pipe.end();
      await assert.rejects(running, (error) => assertRefusal(error));
    }),
    { numRuns: fullOr(100, 30) },
  );
});

/** Where a session may be when a message comes; gives the exchange that is open, or would be. */
const STATES: Record<string, (under: SessionUnderTest, initiator: boolean) => Promise<number>> = {
  "before welcome": () => Promise.resolve(1),
  "open": async (under, initiator) => {
    if (initiator) {
      await under.peer.send({ type: "welcome", name: "the hub", time: 5, you: null, owned: false });
    }
    return initiator ? 2 : 1;
  },
  "in an exchange of its own": async (under, initiator) => {
    if (initiator) {
      await under.peer.send({ type: "welcome", name: "the hub", time: 5, you: null, owned: false });
    }
    return under.session.open().number;
  },
  "in an exchange of the other": async (under, initiator) => {
    const number = await STATES.open!(under, initiator);
    await under.peer.send({ type: "join", exchange: number, keep: true });
    return number;
  },
  "behind an exchange": async (under, initiator) => {
    if (initiator) {
      await under.peer.send({ type: "welcome", name: "the hub", time: 5, you: null, owned: false });
    }
    const exchange = under.session.open();
    exchange.end();
    return exchange.number;
  },
};

for (const initiator of [true, false]) {
  const side = initiator ? "initiator" : "acceptor";
  Deno.test(`Session at the ${side} takes or refuses every message in every state`, async () => {
    for (const [turn, [state, enter]] of Object.entries(STATES).entries()) {
      const all = sampleMessages(1);
      for (const { type } of fullOr(all, all.filter((_, i) => i % 3 === turn % 3))) {
        await using under = await SessionUnderTest.open({ initiator, onOpen: () => {} });
        const number = await enter(under, initiator);
        const message = sampleMessages(number).find((sample) => sample.type === type)!;
        await under.peer.send(message);
        const ended = await isEnded(under);
        assert.equal(ended, endsSession(message, { state, initiator }), `${type} ${state}`);
      }
    }
  });
}

Deno.test(`a session that is tampered with ends well or in a refusal, for ${SECONDS} s`, async () => {
  const until = performance.now() + SECONDS * 1000;
  const bytes = sampleBytes(2 * CHUNK_BYTES + 1000);
  const tamperings = fc.sample(
    fc.record<Tampering>({
      direction: fc.constantFrom("to server", "to client"),
      at: fc.oneof(fc.nat(600), fc.nat(SESSION_BYTES)),
      kind: fc.constantFrom("flip", "drop", "insert", "repeat", "end"),
    }),
    10_000,
  );
  for (const tampering of tamperings) {
    if (performance.now() > until) break;
    using loopback = await TamperedLoopback.open(tampering);
    const timer = setTimeout(
      () => loopback[Symbol.dispose](),
      2 * (TIMES.pingAfterMs + TIMES.lostAfterMs),
    );
    const [sent, received] = await Promise.allSettled([
      sendIn(loopback.client, bytes),
      receiveIn(loopback.server),
    ]);
    clearTimeout(timer);
    for (const side of [sent, received]) if (side.status === "rejected") assertRefusal(side.reason);
    if (received.status === "fulfilled") assert.deepEqual(received.value, bytes);
    // Who was told that it arrived was told the truth.
    if (sent.status === "fulfilled") assert.equal(received.status, "fulfilled");
  }
});

/** Sends bytes in an exchange, as a transfer does; resolves at the receipt. */
async function sendIn(conn: Connection, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const checkKey = () => Promise.resolve();
  const keyPair = await identityKeys();
  const handshake = await initiate(conn, { keyPair, name: "ana", checkKey }).catch(asLost);
  const session = new Session(new Channel(conn, handshake), {
    initiator: true,
    times: TIMES,
  });
  try {
    const exchange = session.open();
    await exchange.send({ type: "offer", ...OFFER });
    await exchange.receive();
    await exchange.send({ type: "begin", offset: 0, salt: OFFER.key });
    const chunks = [0, 1, 2].map((i) => bytes.slice(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES));
    const sending = ReadableStream.from(chunks)
      .pipeThrough(new SealStream(new Uint8Array(32), { headroom: DATA_HEADROOM_BYTES }))
      .pipeTo(exchange.writable);
    sending.catch(() => {});
    const { type } = await exchange.receive();
    if (type !== "receipt") throw new P2pError("protocol", type);
  } finally {
    session.abort();
    await session.closed.catch(() => {});
  }
}

/** What comes in the first exchange. */
async function receiveIn(conn: Connection): Promise<Uint8Array> {
  const handshake = await accept(conn, { keyPair: await identityKeys() }).catch(asLost);
  const opened = Promise.withResolvers<Exchange>();
  const session = new Session(new Channel(conn, handshake), {
    initiator: false,
    times: TIMES,
    onOpen: (exchange) => opened.resolve(exchange),
  });
  try {
    await session.welcome("the hub");
    const exchange = await Promise.race([
      opened.promise,
      session.closed.then(() => opened.promise),
    ]);
    await exchange.accept({ offset: 0, digest: null });
    const stream = exchange.data.pipeThrough(new OpenStream(new Uint8Array(32)));
    const bytes = Buffer.concat(await Array.fromAsync(stream));
    const sha256 = "ab".repeat(32);
    await exchange.send({
      type: "receipt",
      savedAs: "a",
      sha256,
      bytes: bytes.length,
      resumedAt: 0,
    });
    await session.closed.catch(() => {});
    return new Uint8Array(bytes);
  } finally {
    session.abort();
    await session.closed.catch(() => {});
  }
}

/** What a connection fails with before there is a session: those who dial and listen take it so, too. */
function asLost(cause: unknown): never {
  const lost = ["Interrupted", "BadResource", "ConnectionReset", "BrokenPipe"] as const;
  if (!lost.some((name) => cause instanceof Deno.errors[name])) throw cause;
  throw new P2pError("connection", "the connection was lost", { cause });
}

/** Whether the session is over: else it answers a ping. */
async function isEnded({ session, peer }: SessionUnderTest): Promise<boolean> {
  const answered = (async () => {
    await peer.send({ type: "ping" });
    for await (const { type } of peer.incoming()) {
      if (type === "pong") return false;
      if (type === "goodbye") return true;
    }
    return true;
  })();
  const ended = session.closed.then(() => true, (error) => assertRefusal(error));
  return await Promise.race([answered.catch(() => true), ended]);
}

/** What SPEC.md §4 and §7 say of a message in a state. */
function endsSession(
  { type }: Message,
  { state, initiator }: { state: string; initiator: boolean },
): boolean {
  if (type === "goodbye") return true;
  if (initiator && state === "before welcome") return type !== "welcome";
  if (type === "welcome") return true;
  if (type === "ping" || type === "pong") return false;
  const isOpening = (OPENINGS as readonly string[]).includes(type);
  if (state === "open" || state === "before welcome") return !isOpening;
  // Nobody has accepted a run.
  return isOpening || (state !== "behind an exchange" && OF_A_RUN.includes(type));
}

const OF_A_RUN = ["begin", "run", "credit"];

function takenOrRefused<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    assertRefusal(error);
    return undefined;
  }
}

function assertRefusal(error: unknown): true {
  assert.ok(
    error instanceof P2pError,
    `no refusal: ${error instanceof Error ? error.stack : error}`,
  );
  assert.notEqual(error.code, "unexpected");
  return true;
}

function changed(
  bytes: Uint8Array,
  { at, byte, drop, add }: { at: number; byte: number; drop: number; add: number },
) {
  const place = at % (bytes.length + 1);
  return Buffer.concat([
    bytes.subarray(0, place),
    new Uint8Array(add).fill(byte),
    bytes.subarray(place + drop),
  ]);
}
