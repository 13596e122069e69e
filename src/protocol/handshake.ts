import { concat, fromBase64url, toBase64url } from "../bytes.ts";
import { P2pError } from "../errors.ts";
import type { CipherState } from "../secure/noise/cipher_state.ts";
import { type HandshakeRandomness, HandshakeState } from "../secure/noise/noise.ts";
import { type IdentityKeys, joinedKeys, type PublicKeys } from "../secure/identity_keys.ts";
import { KEM_PUBLIC_KEY_BYTES } from "../secure/ml_kem.ts";
import { trace } from "../trace.ts";
import { ByteReader } from "../transport/byte_reader.ts";
import type { Connection } from "../transport/connection.ts";
import { lostConnection } from "../transport/lost_connection.ts";
import { featureList, FEATURES } from "./features.ts";
import { decodeJson } from "./messages.ts";
import {
  checkSecret,
  NOTHING,
  type ProofContext,
  type ProofFrames,
  proofInput,
  type ProofResult,
  proveSecret,
} from "./prove_secret.ts";
import { base64url, type Check, type Checked, nullable, object, optional, text } from "./schema.ts";

/** The major version of SPEC.md. */
export const VERSION = 2;

/** Bytes that a stranger may make us read before the session is open (SPEC.md §12). */
export const MAX_BYTES_BEFORE_OPEN = 4_096;

const MAX_HANDSHAKE_MESSAGE_BYTES = 3_072;
const MAX_TEXT_LENGTH = 1_024;
const PATTERN = "XXhfs";
const PREAMBLE = new Uint8Array([0x50, 0x32, 0x50, VERSION, 1, 0, 0, 0]);

/** The fields that both sides say of themselves in messages 2 and 3 (SPEC.md §3). */
const BOTH = { kem: base64url(Math.ceil(KEM_PUBLIC_KEY_BYTES * 4 / 3)), features: featureList };
const FROM_ACCEPTOR = object({ auth: text(MAX_TEXT_LENGTH), ...BOTH });
const FROM_INITIATOR = object({
  name: nullable(text(MAX_TEXT_LENGTH)),
  called: optional(text(MAX_TEXT_LENGTH), ""),
  ...BOTH,
});

/** The proof that the acceptor wants (SPEC.md §3). */
export type Auth = "none" | "secret";

/**
 * The proof that was given; or why the initiator is not taken, after which nothing but a `goodbye`
 * follows (SPEC.md §4).
 */
export type Proof = Auth | Refusal;

/** The reason why the initiator is not taken; `isWrong` tells it that its secret was wrong. */
interface Refusal {
  refusal: string;
  isWrong?: boolean;
}

/** The end of a handshake: what was proved, and bytes that were read too far. */
export interface HandshakeEnd {
  proof: Proof;
  leftover: Uint8Array;
}

/** The result of a handshake, from which on records may leave: the cipher states and the other side. */
export interface Handshake {
  send: CipherState;
  receive: CipherState;
  /** The keys of the other side. */
  remote: PublicKeys;
  /** The features that it understands (SPEC.md §21). */
  features: readonly string[];
  /**
   * The name that the initiator says, unchecked, null where it says none; undefined at the
   * initiator, which learns the other name from `welcome`.
   */
  remoteName: unknown;
  /** What the machine of an initiator without a name is called, unchecked. */
  called: string;
  /**
   * Settles where the proofs of both sides are through, before the first record comes in; an
   * initiator whose acceptor was pinned may write before that (SPEC.md §4).
   */
  end: Promise<HandshakeEnd>;
}

/** What is known of an acceptor before message 3. */
export interface KnownAcceptor {
  /** Counts in place of the one that was given. */
  secret?: string | undefined;
  /** True where its id was pinned before. */
  isPinned: boolean;
}

/** The part of a connection that a handshake needs. */
export type HandshakeConnection = Pick<Connection, "read" | "write">;

/** All that is random at one side, given for vectors alone: `scalar` is that of CPace. */
export interface Randomness extends HandshakeRandomness {
  scalar?: bigint;
}

/** Runs what strangers make an acceptor compute. */
export interface Pace {
  /** Runs the first step of a handshake when it is its turn. */
  first<T>(step: () => Promise<T>): Promise<T>;
  /** Runs a later one, at once. */
  later<T>(step: () => Promise<T>): Promise<T>;
}

const UNPACED: Pace = { first: (step) => step(), later: (step) => step() };

/** The secret that an initiator has to know, and the limit of guesses. */
export interface SecretCheck {
  secret: string;
  /**
   * Runs one guess of the initiator with that id, unless there were too many; gives why it is not
   * taken, undefined where it was right.
   */
  attempt: (run: () => Promise<boolean>, id: Uint8Array) => Promise<string | undefined>;
}

/**
 * The initiator's side of SPEC.md §2 to §4, until its records may leave. `checkKey` sees the
 * acceptor's id, and what that wants to be proved, before message 3 leaves, and throws to end it
 * there. `onProof` is called when what the acceptor can check a guess by leaves.
 */
export async function initiate(
  conn: HandshakeConnection,
  { keyPair, name, isNameChosen = true, checkKey, onProof = () => {}, secret, randomness }: {
    keyPair: IdentityKeys;
    name: string;
    /** False for the name of a machine: it is said as such where the acceptor understands it. */
    isNameChosen?: boolean;
    checkKey: (id: Uint8Array, auth: Auth) => Promise<KnownAcceptor | void>;
    onProof?: () => void;
    secret?: string | undefined;
    randomness?: Randomness | undefined;
  },
): Promise<Handshake> {
  const state = handshakeState(keyPair, { initiator: true, randomness });
  const reader = new ByteReader(conn, { maxBytes: MAX_BYTES_BEFORE_OPEN });
  await write(conn, [PREAMBLE, ...framed(await state.writeMessage())]);
  checkPreamble(await reader.read(PREAMBLE.length));
  const said = decodePayload(await readMessage(reader, state), FROM_ACCEPTOR);
  const remote = keysOf(state, said);
  const auth = checkedAuth(said.auth);
  const known = await checkKey(remote.id, auth) ?? { isPinned: false };
  const named = isNameChosen || !said.features.includes("anonymous")
    ? { name }
    : { name: null, called: name };
  const message3 = framed(await state.writeMessage(encodeJson({ ...named, ...saidBy(keyPair) })));
  if (auth === "none") await write(conn, message3);
  const ciphers = state.split();
  const frames = proofFrames(conn, { reader, ciphers, before: message3 });
  const context = { handshakeHash: state.handshakeHash, initiator: keyPair, acceptor: remote };
  const run = { context, frames, onTag: onProof, scalar: randomness?.scalar };
  const proving = auth === "none"
    ? { proof: Promise.resolve(auth) }
    : await prove(given(known.secret ?? secret), run);
  const end = endOf(proving.proof, reader);
  if (!known.isPinned) await end;
  return { ...ciphers, remote, features: said.features, remoteName: undefined, called: "", end };
}

/**
 * The acceptor's side of SPEC.md §2 to §4, up to its decision. Without `check` nothing has to be
 * proved; without `pace` each step is computed as soon as it can be.
 */
export async function accept(
  conn: HandshakeConnection,
  { keyPair, check, pace = UNPACED, randomness }: {
    keyPair: IdentityKeys;
    check?: SecretCheck | undefined;
    pace?: Pace | undefined;
    randomness?: Randomness | undefined;
  },
): Promise<Handshake> {
  const reader = new ByteReader(conn, { maxBytes: MAX_BYTES_BEFORE_OPEN });
  const preamble = await reader.read(PREAMBLE.length);
  if (isP2p(preamble)) await write(conn, [PREAMBLE]);
  checkPreamble(preamble);
  const state = handshakeState(keyPair, { initiator: false, randomness });
  const auth = check === undefined ? "none" : "secret";
  const message1 = await readFrame(reader);
  const message2 = await pace.first(async () => {
    checkEmpty(await state.readMessage(message1));
    return await state.writeMessage(encodeJson({ auth, ...saidBy(keyPair) }));
  });
  await write(conn, framed(message2));
  const message3 = await readFrame(reader);
  const payload3 = await pace.later(() => state.readMessage(message3));
  const said = decodePayload(payload3, FROM_INITIATOR);
  const remote = keysOf(state, said);
  const ciphers = state.split();
  const frames = proofFrames(conn, { reader, ciphers });
  const context = { handshakeHash: state.handshakeHash, initiator: remote, acceptor: keyPair };
  const run = { context, frames, scalar: randomness?.scalar };
  const proof = check === undefined ? auth : await demand(check, run);
  const { features, name, called } = said;
  const end = endOf(Promise.resolve(proof), reader);
  return { ...ciphers, remote, features, remoteName: name, called, end };
}

function checkEmpty(payload1: Uint8Array) {
  if (payload1.length === 0) return;
  throw new P2pError("protocol", "cannot read handshake: message 1 has a payload");
}

function endOf(proving: Promise<Proof>, reader: ByteReader): Promise<HandshakeEnd> {
  const end = proving.then((proof) => {
    traceDone(proof);
    return { proof, leftover: reader.leftover };
  });
  end.catch(() => {}); // Rejects for who reads the first record.
  return end;
}

function traceDone(proof: Proof) {
  if (!trace.session.hasSubscribers) return;
  const proved = typeof proof === "object" ? "refused" : proof;
  trace.session.publish({ what: "handshake done", state: true, proof: proved });
}

function handshakeState(
  { dhPair: s }: IdentityKeys,
  { initiator, randomness: { e, e1, kem } = {} }: {
    initiator: boolean;
    randomness?: Randomness | undefined;
  },
) {
  return new HandshakeState({ pattern: PATTERN, initiator, prologue: PREAMBLE, s, e, e1, kem });
}

/** The fields that a side says of itself. */
function saidBy({ kem }: IdentityKeys) {
  return { kem: toBase64url(kem), features: FEATURES };
}

/** The key that Noise has proved, and the one that was said under it. */
function keysOf(
  state: HandshakeState,
  { kem }: Checked<typeof FROM_ACCEPTOR> | Checked<typeof FROM_INITIATOR>,
) {
  return joinedKeys(state.remoteStatic!, fromBase64url(kem));
}

/** The frames and the context of a proof. */
interface ProofRun {
  context: Omit<ProofContext, "secret">;
  frames: ProofFrames;
  scalar: bigint | undefined;
}

/** Proves that we know the secret; `proof` settles when the acceptor has, too. */
async function prove(
  secret: string,
  { context, frames, ...run }: ProofRun & { onTag: () => void },
): Promise<{ proof: Promise<Proof> }> {
  const input = proofInput({ secret, ...context });
  const { result } = await proveSecret(input, frames, run);
  return { proof: result.then(proofOf) };
}

function proofOf(result: ProofResult): Proof {
  if (result === "proved") return "secret";
  return { refusal: "the other side refused", isWrong: result === "wrong" };
}

/** Wants the secret to be proved; an empty frame comes first where it is not. */
async function demand(
  { secret, attempt }: SecretCheck,
  { context, frames, scalar }: ProofRun,
): Promise<Proof> {
  const input = proofInput({ secret, ...context });
  const share = await frames.next();
  const guess = () => checkSecret(input, { share, frames, scalar });
  const refusal = await attempt(guess, context.initiator.id);
  if (refusal === undefined) return "secret";
  await frames.send(NOTHING);
  return { refusal };
}

function checkedAuth(auth: string): Auth {
  if (auth === "none" || auth === "secret") return auth;
  throw new P2pError("refused", `the hub wants proof by "${auth}", which this version cannot give`);
}

function given(secret: string | undefined): string {
  if (secret !== undefined) return secret;
  throw new P2pError("refused", "the hub wants a secret, and none is given");
}

/**
 * The frames of a proof, encrypted as records are; the first that is sent leaves together with
 * `before`.
 */
function proofFrames(
  conn: HandshakeConnection,
  { reader, ciphers: { send, receive }, before = [] }: {
    reader: ByteReader;
    ciphers: { send: CipherState; receive: CipherState };
    before?: Uint8Array[];
  },
): ProofFrames {
  return {
    send: (bytes) =>
      write(conn, [...before.splice(0), ...framed(send.encryptWithAd(NO_AD, bytes))]),
    next: async () => receive.decryptWithAd(NO_AD, await readFrame(reader)),
  };
}

const NO_AD = new Uint8Array(0);

function isP2p(preamble: Uint8Array): boolean {
  return PREAMBLE.subarray(0, 3).every((byte, i) => byte === preamble[i]);
}

function checkPreamble(preamble: Uint8Array) {
  if (!isP2p(preamble)) {
    throw new P2pError("connection", "what answers there is not p2p", {
      hint: "check the address and the port",
    });
  }
  if (preamble[3] !== VERSION) {
    throw new P2pError(
      "connection",
      `the other side speaks version ${preamble[3]} of the protocol, this one ${VERSION}`,
      {
        hint: "install the same version of p2p on both sides",
      },
    );
  }
  if (!PREAMBLE.every((byte, i) => byte === preamble[i])) {
    throw new P2pError("protocol", "the preamble is unknown");
  }
}

/** The payload of the next handshake message (SPEC.md §3). */
async function readMessage(reader: ByteReader, state: HandshakeState): Promise<Uint8Array> {
  return await state.readMessage(await readFrame(reader));
}

/** `length:u16 ‖ bytes` (SPEC.md §3, §4). */
async function readFrame(reader: ByteReader): Promise<Uint8Array> {
  const header = await reader.read(2);
  const length = header[0]! * 256 + header[1]!;
  if (length > MAX_HANDSHAKE_MESSAGE_BYTES) {
    throw new P2pError(
      "protocol",
      `cannot read handshake: length ${length} exceeds ${MAX_HANDSHAKE_MESSAGE_BYTES}`,
    );
  }
  return await reader.read(length);
}

function decodePayload<T>(payload: Uint8Array, check: Check<T>): T {
  return check(decodeJson(payload, MAX_HANDSHAKE_MESSAGE_BYTES), "payload");
}

function framed(message: Uint8Array): Uint8Array[] {
  return [new Uint8Array([message.length >> 8, message.length & 255]), message];
}

function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** One write for all parts, so that they leave in one packet. */
async function write(conn: HandshakeConnection, parts: Uint8Array[]) {
  try {
    await conn.write(concat(parts));
  } catch (cause) {
    throw lostConnection(cause);
  }
}
