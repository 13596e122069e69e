import { utf8 } from "../../src/bytes.ts";
import { accept, type Handshake, initiate, type Randomness } from "../../src/protocol/handshake.ts";
import { reducedScalar } from "../../src/secure/cpace/cpace.ts";
import { kemKeyPair, loadNobleMlKem } from "../../src/secure/ml_kem.ts";
import { HandshakeState } from "../../src/secure/noise/noise.ts";
import { RecordCipher } from "../../src/secure/record_cipher.ts";
import { keyPairFrom } from "../../src/secure/x25519.ts";
import { memoryConnection, TappedPipe } from "../helpers/memory_connection.ts";
import { countingKeys, fromHex, identityOf, type Vector } from "./vector.ts";

/** Bytes of a preamble. */
const PREAMBLE_BYTES = 8;

/** The sides of a handshake, and what each writes first when it is done. */
export const FIRST = {
  initiator: '{"type":"list","exchange":1}',
  acceptor: '{"type":"welcome","name":"hub","time":1700000000000,"you":null,"owned":false}',
} as const;

/** One of both. */
export type Side = keyof typeof FIRST;

type Keys = Record<string, string>;

/** The vectors of SPEC.md §3 and §4, with and without a secret. */
export async function handshake(): Promise<Vector[]> {
  return await Promise.all([
    vector("without a secret", undefined),
    vector("with a secret", "copper lantern, at noon"),
  ]);
}

/** One side over a connection, with all that is random in `keys`. */
export async function runSide(
  side: Side,
  conn: Parameters<typeof accept>[0],
  { keys, secret }: { keys: Keys; secret: string | undefined },
): Promise<Handshake> {
  const keyPair = await identityOf(identityDigits(side, keys));
  const randomness = await randomnessOf(side, keys);
  if (side === "initiator") {
    const checkKey = () => Promise.resolve();
    return await initiate(conn, { keyPair, name: "anna", checkKey, secret, randomness });
  }
  const attempt = async (guess: () => Promise<boolean>) => await guess() ? undefined : "wrong";
  const check = secret === undefined ? undefined : { secret, attempt };
  return await accept(conn, { keyPair, check, randomness });
}

/** The frames `length:u16 ‖ bytes` of one direction, behind its preamble. */
export function framesOf(bytes: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = PREAMBLE_BYTES; at < bytes.length;) {
    const end = at + 2 + bytes[at]! * 256 + bytes[at + 1]!;
    frames.push(bytes.slice(at + 2, end));
    at = end;
  }
  return frames;
}

async function vector(name: string, secret: string | undefined): Promise<Vector> {
  const proofKeys = { initiatorScalar: 64, acceptorScalar: 64 };
  const lengths: Record<string, number> = {
    ...{ initiatorX25519: 32, initiatorKemSeed: 64, initiatorE: 32, initiatorE1Seed: 64 },
    ...{ acceptorX25519: 32, acceptorKemSeed: 64, acceptorE: 32, encapsulation: 32 },
    ...secret === undefined ? {} : proofKeys,
  };
  const keys: Keys = countingKeys(secret === undefined ? 0 : 100, lengths);
  const [toAcceptor, toInitiator] = [new TappedPipe(), new TappedPipe()];
  const [near, far] = memoryConnection(toAcceptor, toInitiator);
  const [initiator, acceptor] = await Promise.all([
    runSide("initiator", near, { keys, secret }),
    runSide("acceptor", far, { keys, secret }),
  ]);
  const sent = {
    initiator: Uint8Array.from(toAcceptor.seen),
    acceptor: Uint8Array.from(toInitiator.seen),
  };
  return {
    name,
    keys,
    in: { ...secret === undefined ? {} : { secret }, name: "anna", ...firstRecords() },
    out: {
      initiatorSends: sent.initiator.toHex(),
      acceptorSends: sent.acceptor.toHex(),
      ...await replayed(keys, sent),
      initiatorFirstRecord: recordOf(initiator, FIRST.initiator),
      acceptorFirstRecord: recordOf(acceptor, FIRST.acceptor),
    },
  };
}

function firstRecords() {
  return { initiatorFirst: FIRST.initiator, acceptorFirst: FIRST.acceptor };
}

/** The payloads, and `h`, by both halves of Noise alone. */
async function replayed(keys: Keys, sent: Record<Side, Uint8Array>) {
  const [initiator, acceptor] = await Promise.all([
    noise("initiator", keys),
    noise("acceptor", keys),
  ]);
  const [message1, message3] = framesOf(sent.initiator);
  const [message2] = framesOf(sent.acceptor);
  await initiator.writeMessage();
  await acceptor.readMessage(message1!);
  const payload2 = await initiator.readMessage(message2!);
  await acceptor.writeMessage(payload2);
  const payload3 = await acceptor.readMessage(message3!);
  const text = new TextDecoder();
  return {
    payload2: text.decode(payload2),
    payload3: text.decode(payload3),
    h: acceptor.handshakeHash.toHex(),
  };
}

async function noise(side: Side, keys: Keys): Promise<HandshakeState> {
  const { e, e1, kem } = await randomnessOf(side, keys);
  const s = keyPairFrom(fromHex(identityDigits(side, keys).x25519));
  const prologue = Uint8Array.of(0x50, 0x32, 0x50, 2, 1, 0, 0, 0);
  return new HandshakeState({
    ...{ pattern: "XXhfs", initiator: side === "initiator", prologue, s, e, e1, kem },
  });
}

function identityDigits(side: Side, keys: Keys) {
  return { x25519: keys[`${side}X25519`]!, kemSeed: keys[`${side}KemSeed`]! };
}

async function randomnessOf(side: Side, keys: Keys): Promise<Randomness> {
  const scalar = keys[`${side}Scalar`];
  const e = keyPairFrom(fromHex(keys[`${side}E`]!));
  const kem = await loadNobleMlKem(fromHex(keys.encapsulation!));
  const e1 = side === "initiator" ? await kemKeyPair(fromHex(keys.initiatorE1Seed!)) : undefined;
  return { e, e1, kem, ...scalar !== undefined && { scalar: reducedScalar(fromHex(scalar)) } };
}

function recordOf({ send }: Handshake, message: string): string {
  return new RecordCipher(send).seal(utf8(message)).toHex();
}
