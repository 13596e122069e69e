import { concat } from "../bytes.ts";
import { P2pError } from "../errors.ts";
import type { CipherState } from "../secure/noise/cipher_state.ts";
import { HandshakeState } from "../secure/noise/noise.ts";
import type { KeyPair } from "../secure/x25519.ts";
import { ByteReader } from "../transport/byte_reader.ts";
import type { Connection } from "../transport/connection.ts";
import { lostConnection } from "../transport/lost_connection.ts";
import { decodeJson } from "./messages.ts";
import { checkSecret, NOTHING, type ProofFrames, proofInput, proveSecret } from "./prove_secret.ts";
import { type Check, object, text } from "./schema.ts";

/** The major version of SPEC.md. */
export const VERSION = 1;

/** Bytes that a stranger may make us read before the session is open (SPEC.md §12). */
export const MAX_BYTES_BEFORE_OPEN = 2_048;

const MAX_HANDSHAKE_MESSAGE_BYTES = 1_024;
const PREAMBLE = new Uint8Array([0x50, 0x32, 0x50, VERSION, 1, 0, 0, 0]);

/** The payloads of messages 2 and 3 (SPEC.md §3). */
const AUTH = object({ auth: text(MAX_HANDSHAKE_MESSAGE_BYTES) });
const NAME = object({ name: text(MAX_HANDSHAKE_MESSAGE_BYTES) });

/** What the acceptor wants to be proved (SPEC.md §3). */
export type Auth = "none" | "secret";

/** What was proved; or why the initiator is not taken, after which nothing but a `goodbye` follows (SPEC.md §4). */
export type Proof = Auth | { refusal: string };

/** What a handshake gives: the cipher states, the other side, and bytes that were read too far. */
export interface Handshake {
  send: CipherState;
  receive: CipherState;
  /** The other side's static key. */
  remoteKey: Uint8Array;
  /** Who the initiator says it is, unchecked; undefined at the initiator, which learns it from `welcome`. */
  remoteName: unknown;
  proof: Proof;
  leftover: Uint8Array;
}

/** What a handshake needs of a connection. */
export type HandshakeConnection = Pick<Connection, "read" | "write">;

/** How an acceptor checks who connects. */
export interface SecretCheck {
  secret: string;
  /** Runs one guess, unless there were too many; why the initiator is not taken, undefined where it was right. */
  attempt: (run: () => Promise<boolean>) => Promise<string | undefined>;
}

/**
 * The initiator's side of SPEC.md §2 to §4. `checkKey` sees the acceptor's static key, and what that wants to be proved,
 * before message 3 leaves, and throws to end it there.
 */
export async function initiate(
  conn: HandshakeConnection,
  { keyPair, name, checkKey, secret }: {
    keyPair: KeyPair;
    name: string;
    checkKey: (key: Uint8Array, auth: Auth) => Promise<void>;
    secret?: string | undefined;
  },
): Promise<Handshake> {
  const state = new HandshakeState({
    pattern: "XX",
    initiator: true,
    prologue: PREAMBLE,
    s: keyPair,
  });
  const reader = new ByteReader(conn, { maxBytes: MAX_BYTES_BEFORE_OPEN });
  await write(conn, [PREAMBLE, ...framed(await state.writeMessage())]);
  checkPreamble(await reader.read(PREAMBLE.length));
  const auth = checkedAuth(decodePayload(await readMessage(reader, state), AUTH).auth);
  await checkKey(state.remoteStatic!, auth);
  const message3 = framed(await state.writeMessage(encodeJson({ name })));
  if (auth === "none") await write(conn, message3);
  const frames = proofFrames(conn, { reader, before: message3 });
  const proof = auth === "none" ? auth : await prove(state, { keyPair, secret, frames });
  return {
    ...state.split(),
    remoteKey: state.remoteStatic!,
    remoteName: undefined,
    proof,
    leftover: reader.leftover,
  };
}

/** The acceptor's side of SPEC.md §2 to §4, up to its decision. Without `check` nothing has to be proved. */
export async function accept(
  conn: HandshakeConnection,
  { keyPair, check }: { keyPair: KeyPair; check?: SecretCheck | undefined },
): Promise<Handshake> {
  const reader = new ByteReader(conn, { maxBytes: MAX_BYTES_BEFORE_OPEN });
  const preamble = await reader.read(PREAMBLE.length);
  if (isP2p(preamble)) await write(conn, [PREAMBLE]);
  checkPreamble(preamble);
  const state = new HandshakeState({
    pattern: "XX",
    initiator: false,
    prologue: PREAMBLE,
    s: keyPair,
  });
  const empty = await readMessage(reader, state);
  if (empty.length > 0) {
    throw new P2pError("protocol", "cannot read handshake: message 1 has a payload");
  }
  const auth = check === undefined ? "none" : "secret";
  await write(conn, framed(await state.writeMessage(encodeJson({ auth }))));
  const { name } = decodePayload(await readMessage(reader, state), NAME);
  const frames = proofFrames(conn, { reader });
  const proof = check === undefined ? auth : await demand(state, { keyPair, check, frames });
  return {
    ...state.split(),
    remoteKey: state.remoteStatic!,
    remoteName: name,
    proof,
    leftover: reader.leftover,
  };
}

/** Proves that we know the secret, where the acceptor knows it too. */
async function prove(
  state: HandshakeState,
  { keyPair, secret, frames }: {
    keyPair: KeyPair;
    secret: string | undefined;
    frames: ProofFrames;
  },
): Promise<Proof> {
  const input = proofInput({
    secret: given(secret),
    handshakeHash: state.handshakeHash,
    initiatorKey: keyPair.publicKey,
    acceptorKey: state.remoteStatic!,
  });
  return await proveSecret(input, frames) ? "secret" : { refusal: "the other side refused" };
}

/** Wants the secret to be proved; a refusal is told by an empty frame first. */
async function demand(
  state: HandshakeState,
  { keyPair, check, frames }: { keyPair: KeyPair; check: SecretCheck; frames: ProofFrames },
): Promise<Proof> {
  const input = proofInput({
    secret: check.secret,
    handshakeHash: state.handshakeHash,
    initiatorKey: state.remoteStatic!,
    acceptorKey: keyPair.publicKey,
  });
  const share = await frames.next();
  const refusal = await check.attempt(() => checkSecret(input, { share, frames }));
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

/** The frames of a proof; the first that is sent leaves together with `before`. */
function proofFrames(
  conn: HandshakeConnection,
  { reader, before = [] }: { reader: ByteReader; before?: Uint8Array[] },
): ProofFrames {
  return {
    send: (bytes) => write(conn, [...before.splice(0), ...framed(bytes)]),
    next: () => readFrame(reader),
  };
}

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
