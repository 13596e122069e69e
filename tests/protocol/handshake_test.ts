import assert from "node:assert/strict";
import { concat, toBase64url } from "../../src/bytes.ts";
import { P2pError } from "../../src/errors.ts";
import {
  accept,
  type HandshakeConnection,
  initiate,
  type Pace,
} from "../../src/protocol/handshake.ts";
import { HandshakeState } from "../../src/secure/noise/noise.ts";
import { identityKeys } from "../../src/secure/identity_keys.ts";
import { generateKeyPair } from "../../src/secure/x25519.ts";
import { sampledPlaces } from "../helpers/sampled_places.ts";
import { Loopback } from "../helpers/loopback.ts";
import { memoryConnection, MemoryPipe, TappedPipe } from "../helpers/memory_connection.ts";

const PREAMBLE = [0x50, 0x32, 0x50, 2, 1, 0, 0, 0];
const MESSAGE_1_BYTES = 2 + 32 + 1_184;
const hubKeys = await identityKeys();
const ownKeys = await identityKeys();
const NO_AD = new Uint8Array();

Deno.test("initiate and accept agree over a connection, and tell each other's keys and the name", async () => {
  using loopback = await Loopback.open();
  const [initiated, accepted] = await Promise.all([
    start(loopback.client),
    accept(loopback.server, { keyPair: hubKeys }),
  ]);
  assert.deepEqual(initiated.remote.id, hubKeys.id);
  assert.deepEqual(accepted.remote.id, ownKeys.id);
  assert.deepEqual([initiated.remoteName, accepted.remoteName], [undefined, "Zoë"]);
  for (const [from, to] of [[initiated, accepted], [accepted, initiated]] as const) {
    const sealed = from.send.encryptWithAd(NO_AD, Uint8Array.from([1, 2]));
    assert.deepEqual([...to.receive.decryptWithAd(NO_AD, sealed)], [1, 2]);
  }
});

Deno.test("initiate sends preamble and message 1 together, and accept its preamble before message 2", async () => {
  const { toAcceptor, toInitiator } = await shake();
  assert.deepEqual(toAcceptor.seen.slice(0, 10), [...PREAMBLE, 4, 192]);
  assert.deepEqual(toInitiator.seen.slice(0, 8), PREAMBLE);
});

Deno.test("accept computes nothing before its turn, and says what it computes later", async () => {
  const [initiator, acceptor] = memoryConnection();
  const asked = Promise.withResolvers<void>();
  const turn = Promise.withResolvers<void>();
  const steps: string[] = [];
  const pace: Pace = {
    first: async (step) => {
      asked.resolve();
      await turn.promise;
      const message = await step();
      steps.push("first");
      return message;
    },
    later: (step) => (steps.push("later"), step()),
  };
  const accepting = accept(acceptor, { keyPair: hubKeys, pace });
  const starting = start(initiator);
  await asked.promise;
  assert.deepEqual(steps, []);
  turn.resolve();
  await Promise.all([starting, accepting]);
  assert.deepEqual(steps, ["first", "later"]);
});

Deno.test("accept hands on what came behind message 3", async () => {
  const [initiator, acceptor] = memoryConnection();
  const extra = Uint8Array.from([9, 8, 7]);
  // In one piece with message 3, as a fast initiator's first records arrive.
  const glued: HandshakeConnection = {
    read: initiator.read,
    write: (bytes) => initiator.write(bytes.length > 1_300 ? concat([bytes, extra]) : bytes),
  };
  const [, accepted] = await Promise.all([start(glued), accept(acceptor, { keyPair: hubKeys })]);
  assert.deepEqual([...(await accepted.end).leftover], [...extra]);
});

Deno.test("initiate does not send message 3 where checkKey throws", async () => {
  const refusal = new P2pError("refused", "no");
  const checkKey = (key: Uint8Array) => {
    assert.deepEqual(key, hubKeys.id);
    return Promise.reject(refusal);
  };
  const { initiated, accepted, toAcceptor } = await shake({ checkKey });
  assert.equal(errorOf(initiated), refusal);
  assert.equal(errorOf(accepted)?.code, "connection");
  assert.equal(toAcceptor.seen.length, PREAMBLE.length + MESSAGE_1_BYTES);
});

Deno.test("no side opens with any byte that it receives changed", async () => {
  const { toAcceptor, toInitiator } = await shake();
  for (const mask of [0x01, 0x80]) {
    for (const at of sampledPlaces(toAcceptor.seen.length, 90)) {
      const { accepted } = await shake({ toAcceptor: flipping(at, mask) });
      assert.ok(
        ["protocol", "connection"].includes(errorOf(accepted)?.code ?? ""),
        `byte ${at} to the acceptor`,
      );
    }
    for (const at of sampledPlaces(toInitiator.seen.length, 90)) {
      const { initiated, accepted } = await shake({ toInitiator: flipping(at, mask) });
      assert.ok(
        ["protocol", "connection"].includes(errorOf(initiated)?.code ?? ""),
        `byte ${at} to the initiator`,
      );
      assert.equal(accepted.status, "rejected");
    }
  }
});

Deno.test("accept answers another version or kind with its preamble, and ends it", async () => {
  for (
    const [at, value, code] of [[3, 1, "connection"], [3, 0, "connection"], [4, 2, "protocol"], [
      7,
      1,
      "protocol",
    ]]
  ) {
    const { initiated, accepted, toInitiator } = await shake({
      toAcceptor: setting(at as number, value as number),
    });
    assert.equal(errorOf(accepted)?.code, code);
    assert.deepEqual(toInitiator.seen, PREAMBLE);
    assert.equal(errorOf(initiated)?.code, "connection");
  }
});

Deno.test("initiate says which version it met", async () => {
  const { initiated } = await shake({ toInitiator: setting(3, 7) });
  assert.equal(errorOf(initiated)?.code, "connection");
  assert.match(errorOf(initiated)!.message, /version 7/);
});

Deno.test("accept gives no answer to what is not p2p", async () => {
  const toInitiator = new TappedPipe();
  const conn = endingAfter(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"), toInitiator);
  await assert.rejects(accept(conn, { keyPair: hubKeys }), {
    code: "connection",
    message: /not p2p/,
  });
  assert.deepEqual(toInitiator.seen, []);
});

Deno.test("accept and initiate refuse a length over 3,072 before they read on", async () => {
  assert.equal(
    (await acceptBytes([...PREAMBLE, 12, 1])).message,
    "cannot read handshake: length 3073 exceeds 3072",
  );
  assert.equal((await acceptBytes([...PREAMBLE, 255, 255])).code, "protocol");
  await assert.rejects(start(endingAfter(Uint8Array.from([...PREAMBLE, 12, 1]))), {
    code: "protocol",
    message: /3073/,
  });
});

Deno.test("accept refuses a message 1 that is cut short, empty, or has a payload", async () => {
  const keys = [...ownKeys.dh, ...ownKeys.kem];
  const after = (...bytes: number[]) => acceptBytes([...PREAMBLE, ...bytes]);
  assert.equal((await after(4, 192, ...keys.slice(1))).code, "connection");
  assert.equal((await after(0, 0)).code, "protocol");
  assert.equal((await after(4, 191, ...keys)).code, "protocol");
  assert.equal(
    (await after(4, 193, ...keys, 0)).message,
    "cannot read handshake: message 1 has a payload",
  );
  assert.equal((await after(8, 0, ...keys, ...new Array(832).fill(0))).code, "protocol");
  // Of low order, and not of ML-KEM.
  assert.equal((await after(4, 192, ...new Array(32).fill(0), ...ownKeys.kem)).code, "protocol");
  const [dh, beyond] = [ownKeys.dh, new Array(1_184).fill(255)];
  assert.equal((await after(4, 192, ...dh, ...beyond)).code, "protocol");
});

Deno.test("accept refuses a payload of message 3 that says no name, not even null, as protocol", async () => {
  const without = ["", "null", "1", "[]", "{}", "{", "\xff"];
  const wrong = [
    { name: undefined },
    { name: { toString: 1 } },
    { called: null },
    { called: "a".repeat(1_025) },
    { kem: null },
    { kem: "AA" },
    {
      features: "zstd",
    },
    { features: ["Zstd"] },
    { features: new Array(17).fill("a") },
    { features: ["a".repeat(17)] },
  ];
  const valid = { name: "a", kem: toBase64url(ownKeys.kem), features: [] };
  const payloads = wrong.map((change) => JSON.stringify({ ...valid, ...change }));
  for (const payload of [...without, ...payloads]) {
    const error = await acceptPayload(payload);
    assert.equal(error?.code, "protocol", payload);
  }
  assert.equal(
    await acceptPayload(JSON.stringify({ ...valid, more: 1, features: ["unknown"] })),
    undefined,
  );
});

Deno.test("initiate refuses proof that it cannot give, and payloads of message 2 that say nothing", async () => {
  const valid = { auth: "cpace", kem: toBase64url(hubKeys.kem), features: [] };
  assert.equal((await initiatePayload(JSON.stringify(valid))).code, "refused");
  const wrong = [{ auth: null }, { auth: { toString: 1 } }, { kem: "" }, { features: null }];
  const payloads = wrong.map((change) => JSON.stringify({ ...valid, ...change }));
  for (const payload of ["", "null", "{}", "7", ...payloads]) {
    assert.equal((await initiatePayload(payload)).code, "protocol", payload);
  }
});

function start(conn: HandshakeConnection, checkKey = (_key: Uint8Array) => Promise.resolve()) {
  return initiate(conn, { keyPair: ownKeys, name: "Zoë", checkKey });
}

interface Shake {
  toAcceptor?: TappedPipe;
  toInitiator?: TappedPipe;
  checkKey?: (key: Uint8Array) => Promise<void>;
}

/** A handshake of both sides in memory; where it gets stuck, the connection ends. */
async function shake(
  { toAcceptor = new TappedPipe(), toInitiator = new TappedPipe(), checkKey }: Shake = {},
) {
  const [initiator, acceptor] = memoryConnection(toAcceptor, toInitiator);
  const end = () => Promise.all([toAcceptor.end(), toInitiator.end()]);
  const failed = async (error: unknown) => {
    await end();
    throw error;
  };
  const settling = Promise.allSettled([
    start(initiator, checkKey).catch(failed),
    accept(acceptor, { keyPair: hubKeys }).catch(failed),
  ]);
  // A changed length keeps both waiting: then the connection ends.
  const stuck = setTimeout(end, 250);
  const [initiated, accepted] = await settling;
  clearTimeout(stuck);
  return { initiated, accepted, toAcceptor, toInitiator };
}

function flipping(at: number, mask: number): TappedPipe {
  return new TappedPipe((byte, position) => position === at ? byte ^ mask : byte);
}

function setting(at: number, value: number): TappedPipe {
  return new TappedPipe((byte, position) => position === at ? value : byte);
}

function errorOf(settled: PromiseSettledResult<unknown>): P2pError | undefined {
  return settled.status === "rejected" ? settled.reason : undefined;
}

/** What `accept` throws where these bytes come, and then the end. */
async function acceptBytes(bytes: number[]): Promise<P2pError> {
  const accepting = accept(endingAfter(Uint8Array.from(bytes)), { keyPair: hubKeys });
  return await accepting.then(() => assert.fail("it opened"), (error) => error);
}

/** What `accept` throws for that payload of message 3. */
async function acceptPayload(payload: string): Promise<P2pError | undefined> {
  const [initiator, acceptor] = memoryConnection();
  const accepting = accept(acceptor, { keyPair: hubKeys }).then(() => undefined, (error) => error);
  const state = noise(true);
  await initiator.write(Uint8Array.from([...PREAMBLE, ...framed(await state.writeMessage())]));
  await state.readMessage(await skipPreamble(initiator));
  await initiator.write(Uint8Array.from(framed(await state.writeMessage(bytesOf(payload)))));
  return await accepting;
}

/** What `initiate` throws for that payload of message 2. */
async function initiatePayload(payload: string): Promise<P2pError> {
  const [initiator, acceptor] = memoryConnection();
  const initiating = start(initiator).then(() => assert.fail("it opened"), (error) => error);
  const state = noise(false);
  await state.readMessage(await skipPreamble(acceptor));
  await acceptor.write(
    Uint8Array.from([...PREAMBLE, ...framed(await state.writeMessage(bytesOf(payload)))]),
  );
  return await initiating;
}

function noise(initiator: boolean): HandshakeState {
  return new HandshakeState({
    pattern: "XXhfs",
    initiator,
    prologue: Uint8Array.from(PREAMBLE),
    s: generateKeyPair(),
  });
}

/** The first handshake message behind the preamble. */
async function skipPreamble({ read }: HandshakeConnection): Promise<Uint8Array> {
  const bytes: number[] = [];
  const into = new Uint8Array(4_096);
  while (bytes.length < 10 || bytes.length < 10 + bytes[8]! * 256 + bytes[9]!) {
    const length = await read(into);
    bytes.push(...into.subarray(0, length!));
  }
  return Uint8Array.from(bytes.slice(10));
}

/** A connection on which `bytes` come, and then the end. */
function endingAfter(bytes: Uint8Array, back = new MemoryPipe()): HandshakeConnection {
  const pipe = new MemoryPipe();
  pipe.write(bytes);
  pipe.end();
  return memoryConnection(pipe, back)[1];
}

function framed(message: Uint8Array): number[] {
  return [message.length >> 8, message.length & 255, ...message];
}

function bytesOf(latin1: string): Uint8Array {
  return Uint8Array.from(latin1, (c) => c.charCodeAt(0));
}
