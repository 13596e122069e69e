// deno-lint-ignore-file camelcase -- names of the public vectors
import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_NOISE_MESSAGE_BYTES } from "../../../src/secure/noise/cipher_state.ts";
import { type HandshakeOptions, HandshakeState } from "../../../src/secure/noise/noise.ts";
import { kemKeyPair, type MlKem, mlKem } from "../../../src/secure/ml_kem.ts";
import { generateKeyPair, keyPairFrom } from "../../../src/secure/x25519.ts";
import { haveVectors, hex, readVectors } from "../vectors.ts";
import { fullOr } from "../../helpers/full_or.ts";

interface NoiseVector {
  protocol_name: string;
  init_prologue: string;
  init_static?: string;
  init_ephemeral?: string;
  init_remote_static?: string;
  init_psks?: string[];
  resp_prologue: string;
  resp_static?: string;
  resp_ephemeral?: string;
  resp_remote_static?: string;
  resp_psks?: string[];
  handshake_hash?: string;
  messages: { payload: string; ciphertext: string }[];
}

const NAME = /^Noise_([A-Z]+(?:psk\d(?:\+psk\d)*)?)_25519_ChaChaPoly_SHA256$/;
const DEFERRED = /^Noise_[A-Z]\d?[A-Z]\d?_25519_ChaChaPoly_SHA256$/;
const TEXT = new TextEncoder().encode("a payload");

for (const [file, expected] of [["cacophony", 36], ["snow", 28]] as const) {
  Deno.test({
    name: `HandshakeState passes the ${expected} vectors of ${file} that are not deferred`,
    ignore: !haveVectors,
    async fn() {
      const { vectors } = readVectors<{ vectors: NoiseVector[] }>(`noise/${file}.json`);
      const passed = vectors.filter((vector) => NAME.test(vector.protocol_name));
      assert.equal(passed.length, expected);
      const rest = vectors.filter((vector) => !NAME.test(vector.protocol_name));
      assert.ok(rest.every((vector) => DEFERRED.test(vector.protocol_name)));
      for (const vector of passed) await passVector(vector);
    },
  });
}

Deno.test("HandshakeState XX tells both sides the other's key and one hash", async () => {
  const { initiator, responder, keys } = await handshake();
  assert.ok(initiator.finished && responder.finished);
  assert.deepEqual(initiator.remoteStatic, keys.responder.publicKey);
  assert.deepEqual(responder.remoteStatic, keys.initiator.publicKey);
  assert.deepEqual(initiator.handshakeHash, responder.handshakeHash);
  assert.notDeepEqual(initiator.handshakeHash, (await handshake()).initiator.handshakeHash);
});

Deno.test("HandshakeState XX tells the initiator the responder's key before message 3", async () => {
  const [initiator, responder] = sides();
  await responder.readMessage(await initiator.writeMessage());
  assert.equal(initiator.remoteStatic, undefined);
  await initiator.readMessage(await responder.writeMessage());
  assert.ok(initiator.remoteStatic !== undefined && !initiator.finished);
});

Deno.test("HandshakeState XX never comes to an end with a bit flipped in any message", async () => {
  for (const [turn, length] of (await messageLengths()).entries()) {
    for (let bit = 0; bit < length * 8; bit += fullOr(1, 11)) {
      await assert.rejects(
        () => runWithFlip(turn, bit),
        { code: "protocol" },
        `${turn}, bit ${bit}`,
      );
    }
  }
});

Deno.test("HandshakeState refuses a message that is cut short at every length", async () => {
  for (let cut = 0; cut < 32; cut++) {
    const [initiator, responder] = sides();
    const message = await initiator.writeMessage();
    await assert.rejects(() => responder.readMessage(message.subarray(0, cut)), {
      code: "protocol",
    });
  }
  const length = (await messageLengths())[1]!;
  for (let cut = 0; cut < length; cut++) {
    const [initiator, responder] = sides();
    await responder.readMessage(await initiator.writeMessage());
    const message = await responder.writeMessage(TEXT);
    await assert.rejects(() => initiator.readMessage(message.subarray(0, cut)), {
      code: "protocol",
    });
  }
});

Deno.test("HandshakeState is of no more use after a message that was refused", async () => {
  const [initiator, responder] = sides();
  await responder.readMessage(await initiator.writeMessage());
  const message = await responder.writeMessage();
  await assert.rejects(() => initiator.readMessage(message.subarray(1)), { code: "protocol" });
  await assert.rejects(() => initiator.readMessage(message), /has failed/);
  await assert.rejects(() => initiator.writeMessage(), /has failed/);
  assert.throws(() => initiator.split(), /not finished/);
});

Deno.test("HandshakeState refuses a last message that fails, so that nothing is split", async () => {
  const [initiator, responder] = sides();
  await responder.readMessage(await initiator.writeMessage());
  await initiator.readMessage(await responder.writeMessage());
  const message = await initiator.writeMessage();
  message[message.length - 1]! ^= 1;
  await assert.rejects(() => responder.readMessage(message), { code: "protocol" });
  assert.equal(responder.finished, false);
  assert.throws(() => responder.split(), /not finished/);
});

Deno.test("HandshakeState refuses an ephemeral key of low order", async () => {
  const [initiator, responder] = sides();
  await initiator.writeMessage();
  await responder.readMessage(new Uint8Array(32));
  await assert.rejects(() => responder.writeMessage(), { code: "protocol", message: /low order/ });
});

Deno.test("HandshakeState refuses another prologue", async () => {
  const [initiator, responder] = sides({}, { prologue: TEXT });
  await responder.readMessage(await initiator.writeMessage());
  const message = await responder.writeMessage();
  await assert.rejects(() => initiator.readMessage(message), { code: "protocol" });
});

Deno.test("HandshakeState refuses to speak out of turn or after the end", async () => {
  const [initiator, responder] = sides();
  await assert.rejects(() => responder.writeMessage(), /turn/);
  await assert.rejects(() => initiator.readMessage(new Uint8Array(32)), /turn/);
  assert.throws(() => initiator.split(), /not finished/);
  const done = await handshake();
  await assert.rejects(() => done.initiator.writeMessage(), /turn/);
  await assert.rejects(() => done.responder.readMessage(TEXT), /turn/);
});

Deno.test("HandshakeState refuses messages over 65,535 bytes", async () => {
  const most = new Uint8Array(MAX_NOISE_MESSAGE_BYTES - 32);
  const [initiator, responder] = sides();
  assert.deepEqual(await responder.readMessage(await initiator.writeMessage(most)), most);
  const [writer, reader] = sides();
  await assert.rejects(() => writer.writeMessage(new Uint8Array(most.length + 1)), RangeError);
  const long = new Uint8Array(MAX_NOISE_MESSAGE_BYTES + 1);
  await assert.rejects(() => reader.readMessage(long), { code: "protocol", message: /exceeds/ });
});

Deno.test("HandshakeState takes exactly the keys of its pattern", () => {
  const s = generateKeyPair();
  const rs = generateKeyPair().publicKey;
  const start = (options: Partial<HandshakeOptions>) => () =>
    new HandshakeState({ pattern: "XX", initiator: true, s, ...options });
  assert.throws(start({ s: undefined }), TypeError);
  assert.throws(start({ rs }), TypeError);
  assert.throws(start({ psks: [new Uint8Array(32)] }), TypeError);
  assert.throws(start({ pattern: "X" }), TypeError);
  assert.throws(start({ pattern: "X", rs: rs.slice(1) }), RangeError);
  assert.throws(start({ pattern: "XXpsk3", psks: [] }), TypeError);
  assert.throws(start({ pattern: "XXpsk3", psks: [new Uint8Array(31)] }), TypeError);
  for (const pattern of ["", "X1X", "XXpsk4", "XXpsk", "XXfallback", "XX+psk0", "xx"]) {
    assert.throws(start({ pattern }), RangeError, pattern);
  }
});

Deno.test("HandshakeState X opens for its receiver alone, and says who wrote", async () => {
  const [writer, receiver, other] = [generateKeyPair(), generateKeyPair(), generateKeyPair()];
  const options = { pattern: "X", initiator: true, s: writer, rs: receiver.publicKey };
  const envelope = await new HandshakeState(options).writeMessage(TEXT);
  const opened = new HandshakeState({ pattern: "X", initiator: false, s: receiver });
  assert.deepEqual(await opened.readMessage(envelope), TEXT);
  assert.deepEqual(opened.remoteStatic, writer.publicKey);
  const wrong = new HandshakeState({ pattern: "X", initiator: false, s: other });
  await assert.rejects(() => wrong.readMessage(envelope), { code: "protocol" });
});

Deno.test("HandshakeState XXhfs ends alike on both sides, and needs its KEM", async () => {
  const [initiator, responder] = sides({ pattern: "XXhfs" }, { pattern: "XXhfs" });
  await run(initiator, responder);
  assert.deepEqual(initiator.handshakeHash, responder.handshakeHash);
  const [near, far] = bothWays(initiator.split(), responder.split());
  for (const { from, to } of [near!, far!]) {
    assert.deepEqual(to.receive.decryptWithAd(TEXT, from.send.encryptWithAd(TEXT, TEXT)), TEXT);
  }
});

Deno.test("HandshakeState XXhfs has other keys where the KEM alone gave another secret", async () => {
  const lying: MlKem = {
    ...mlKem,
    async encapsulate(publicKey) {
      const { ciphertext, secret } = await mlKem.encapsulate(publicKey);
      return { ciphertext, secret: secret.map((byte) => byte ^ 1) };
    },
  };
  const [initiator, responder] = sides({ pattern: "XXhfs" }, { pattern: "XXhfs", kem: lying });
  await assert.rejects(() => run(initiator, responder), { code: "protocol" });
});

Deno.test("HandshakeState XXhfs never comes to an end with a byte changed in any message", async () => {
  const lengths = await messageLengths("XXhfs");
  assert.deepEqual(lengths, [32 + 1184 + 9, 32 + 1104 + 48 + 25, 48 + 25]);
  for (const [turn, length] of lengths.entries()) {
    for (let byte = 0; byte < length; byte += length > 200 ? fullOr(13, 61) : fullOr(1, 7)) {
      const bit = byte * 8 + byte % 8;
      await assert.rejects(() => runWithFlip(turn, bit, "XXhfs"), { code: "protocol" }, `${byte}`);
    }
  }
});

Deno.test("HandshakeState Xskem opens with both keys of its receiver, and with neither alone", async () => {
  const [writer, receiver, other] = [generateKeyPair(), generateKeyPair(), generateKeyPair()];
  const [s1, other1] = [await kemKeyPair(), await kemKeyPair()];
  const rs1 = s1.publicKey;
  const options = { pattern: "Xskem", initiator: true, s: writer, rs: receiver.publicKey, rs1 };
  const envelope = await new HandshakeState(options).writeMessage(TEXT);
  const reading = { pattern: "Xskem", initiator: false };
  const opened = new HandshakeState({ ...reading, s: receiver, s1 });
  assert.deepEqual(await opened.readMessage(envelope), TEXT);
  assert.deepEqual(opened.remoteStatic, writer.publicKey);
  for (const keys of [{ s: other, s1 }, { s: receiver, s1: other1 }]) {
    const wrong = new HandshakeState({ ...reading, ...keys });
    await assert.rejects(() => wrong.readMessage(envelope), { code: "protocol" });
  }
  assert.throws(() => new HandshakeState({ ...options, rs1: undefined }), TypeError);
  assert.throws(() => new HandshakeState({ ...reading, s: receiver }), TypeError);
});

Deno.test("HandshakeState.split of a one-way pattern works one way", async () => {
  const s = generateKeyPair();
  const writer = new HandshakeState({ pattern: "N", initiator: true, rs: s.publicKey });
  const reader = new HandshakeState({ pattern: "N", initiator: false, s });
  await reader.readMessage(await writer.writeMessage());
  const [from, to] = [writer.split(), reader.split()];
  const ciphertext = from.send.encryptWithAd(TEXT, TEXT);
  assert.deepEqual(to.receive.decryptWithAd(TEXT, ciphertext), TEXT);
  assert.throws(() => to.send.encryptWithAd(TEXT, TEXT), RangeError);
  assert.throws(() => from.receive.decryptWithAd(TEXT, ciphertext), RangeError);
});

Deno.test("HandshakeState keeps no view of a message, nor gives one of its own state", async () => {
  const [initiator, responder] = sides();
  const first = await initiator.writeMessage(TEXT);
  const payload = await responder.readMessage(first);
  first.fill(0);
  assert.deepEqual(payload, TEXT);
  const second = await responder.writeMessage();
  await initiator.readMessage(second);
  second.fill(0);
  initiator.handshakeHash.fill(0);
  initiator.remoteStatic?.fill(0);
  await responder.readMessage(await initiator.writeMessage());
  assert.deepEqual(initiator.handshakeHash, responder.handshakeHash);
  assert.ok(initiator.remoteStatic?.some((byte) => byte !== 0));
});

Deno.test("HandshakeState carries any payloads, and its ciphers any messages after them", async () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(bytes, { minLength: 3, maxLength: 3 }),
      bytes,
      async (payloads, text) => {
        const [initiator, responder] = sides();
        for (const [turn, payload] of payloads.entries()) {
          const [from, to] = turn % 2 === 0 ? [initiator, responder] : [responder, initiator];
          assert.deepEqual(await to.readMessage(await from.writeMessage(payload)), payload);
        }
        const [near, far] = [initiator.split(), responder.split()];
        assert.deepEqual(
          far.receive.decryptWithAd(text, near.send.encryptWithAd(text, text)),
          text,
        );
        assert.deepEqual(
          near.receive.decryptWithAd(text, far.send.encryptWithAd(text, text)),
          text,
        );
      },
    ),
    { numRuns: 30 },
  );
});

async function passVector(vector: NoiseVector) {
  const { protocol_name: name, messages } = vector;
  const [initiator, responder] = [vectorSide(vector, "init"), vectorSide(vector, "resp")];
  const oneWay = /^Noise_[A-Z](psk\d)?_/.test(name);
  let transport: { from: Transport; to: Transport }[] | undefined;
  for (const [index, { payload, ciphertext }] of messages.entries()) {
    const label = `${name}, message ${index}`;
    const fromInitiator = oneWay || index % 2 === 0;
    if (!initiator.finished) {
      const [from, to] = fromInitiator ? [initiator, responder] : [responder, initiator];
      assert.deepEqual(await from.writeMessage(hex(payload)), hex(ciphertext), label);
      assert.deepEqual(await to.readMessage(hex(ciphertext)), hex(payload), label);
      continue;
    }
    transport ??= bothWays(initiator.split(), responder.split());
    const { from, to } = transport[fromInitiator ? 0 : 1]!;
    const none = new Uint8Array(0);
    assert.deepEqual(from.send.encryptWithAd(none, hex(payload)), hex(ciphertext), label);
    assert.deepEqual(to.receive.decryptWithAd(none, hex(ciphertext)), hex(payload), label);
  }
  assert.ok(transport !== undefined, `${name} has transport messages`);
  assert.deepEqual(initiator.handshakeHash, responder.handshakeHash, name);
  if (vector.handshake_hash !== undefined) {
    assert.deepEqual(initiator.handshakeHash, hex(vector.handshake_hash), name);
  }
}

type Transport = ReturnType<HandshakeState["split"]>;

function bothWays(initiator: Transport, responder: Transport) {
  return [{ from: initiator, to: responder }, { from: responder, to: initiator }];
}

function vectorSide(vector: NoiseVector, role: "init" | "resp"): HandshakeState {
  const keyPair = (key: string | undefined) =>
    key === undefined ? undefined : keyPairFrom(hex(key));
  const rs = vector[`${role}_remote_static`];
  return new HandshakeState({
    pattern: vector.protocol_name.match(NAME)![1]!,
    initiator: role === "init",
    prologue: hex(vector[`${role}_prologue`]),
    s: keyPair(vector[`${role}_static`]),
    e: keyPair(vector[`${role}_ephemeral`]),
    rs: rs === undefined ? undefined : hex(rs),
    psks: (vector[`${role}_psks`] ?? []).map(hex),
  });
}

function sides(
  initiator: Partial<HandshakeOptions> = {},
  responder: Partial<HandshakeOptions> = {},
): [HandshakeState, HandshakeState] {
  return [
    new HandshakeState({ pattern: "XX", initiator: true, s: generateKeyPair(), ...initiator }),
    new HandshakeState({ pattern: "XX", initiator: false, s: generateKeyPair(), ...responder }),
  ];
}

async function run(initiator: HandshakeState, responder: HandshakeState) {
  await responder.readMessage(await initiator.writeMessage());
  await initiator.readMessage(await responder.writeMessage());
  await responder.readMessage(await initiator.writeMessage());
}

async function handshake() {
  const keys = { initiator: generateKeyPair(), responder: generateKeyPair() };
  const [initiator, responder] = sides({ s: keys.initiator }, { s: keys.responder });
  await run(initiator, responder);
  return { initiator, responder, keys };
}

async function messageLengths(pattern = "XX"): Promise<number[]> {
  const lengths: number[] = [];
  await runChanged((message) => {
    lengths.push(message.length);
    return message;
  }, pattern);
  return lengths;
}

async function runWithFlip(turn: number, bit: number, pattern = "XX") {
  let turns = 0;
  await runChanged((message) => {
    if (turns++ === turn) message[bit >> 3]! ^= 1 << (bit & 7);
    return message;
  }, pattern);
}

async function runChanged(change: (message: Uint8Array) => Uint8Array, pattern: string) {
  const [initiator, responder] = sides({ pattern }, { pattern });
  await responder.readMessage(change(await initiator.writeMessage(TEXT)));
  await initiator.readMessage(change(await responder.writeMessage(TEXT)));
  await responder.readMessage(change(await initiator.writeMessage(TEXT)));
}
