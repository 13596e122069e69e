import { concat } from "../../bytes.ts";
import { P2pError } from "../../errors.ts";
import {
  KEM_CIPHERTEXT_BYTES,
  KEM_PUBLIC_KEY_BYTES,
  type KemKeyPair,
  kemKeyPair,
  type MlKem,
  mlKem,
} from "../ml_kem.ts";
import { KEY_BYTES, TAG_BYTES } from "../aead.ts";
import { type CipherState, MAX_NOISE_MESSAGE_BYTES, MAX_NONCE } from "./cipher_state.ts";
import {
  type HandshakePattern,
  handshakePattern,
  neededKeys,
  protocolName,
  type Token,
} from "./noise_patterns.ts";
import { SymmetricState } from "./symmetric_state.ts";
import { dh, generateKeyPair, type KeyPair, X25519_BYTES } from "../x25519.ts";

/** All that is random in a handshake, given for vectors and tests alone. */
export interface HandshakeRandomness {
  /** The ephemeral key pair. */
  e?: KeyPair | undefined;
  /** The ephemeral KEM key pair. */
  e1?: KemKeyPair | undefined;
  /** The KEM in place of the runtime's. */
  kem?: MlKem | undefined;
}

/** The keys and options of a handshake; names are those of Noise §5.3. */
export interface HandshakeOptions extends HandshakeRandomness {
  /** Such as `XXhfs`, `X` or `NNpsk0`. */
  pattern: string;
  initiator: boolean;
  /** Both sides have to know the same one. */
  prologue?: Uint8Array;
  /** The static key pair, where the pattern uses one. */
  s?: KeyPair | undefined;
  /** The static KEM key pair, where the pattern encapsulates to it. */
  s1?: KemKeyPair | undefined;
  /** The remote static KEM key, exactly where the pattern encapsulates to it. */
  rs1?: Uint8Array | undefined;
  /** The remote static key, exactly where the pattern says that it is known before. */
  rs?: Uint8Array | undefined;
  /** Pre-shared keys of 32 bytes, in the order of their tokens. */
  psks?: readonly Uint8Array[];
}

/**
 * One side of a handshake `Noise_*_25519_ChaChaPoly_SHA256` (Noise §5.3), or of one that is hybrid
 * with ML-KEM-768 (`Noise_*hfs_25519+MLKEM768_…`): bytes in, bytes out.
 */
export class HandshakeState {
  readonly #initiator: boolean;
  readonly #pattern: HandshakePattern;
  readonly #symmetric: SymmetricState;
  readonly #hasPsk: boolean;
  readonly #psks: Uint8Array[];
  readonly #s: KeyPair | undefined;
  #e: KeyPair | undefined;
  #rs: Uint8Array | undefined;
  #re: Uint8Array | undefined;
  readonly #kem: MlKem;
  readonly #s1: KemKeyPair | undefined;
  readonly #rs1: Uint8Array | undefined;
  #e1: KemKeyPair | undefined;
  #re1: Uint8Array | undefined;
  #messagesDone = 0;
  #failed = false;

  constructor(options: HandshakeOptions) {
    this.#initiator = options.initiator;
    this.#pattern = handshakePattern(options.pattern);
    this.#hasPsk = this.#pattern.messages.flat().includes("psk");
    this.#psks = [...options.psks ?? []];
    this.#s = options.s;
    this.#e = options.e;
    this.#rs = options.rs;
    this.#kem = options.kem ?? mlKem;
    this.#e1 = options.e1;
    this.#s1 = options.s1;
    this.#rs1 = options.rs1;
    checkKeys(options, this.#pattern);
    this.#symmetric = new SymmetricState(protocolName(options.pattern));
    this.#symmetric.mixHash(options.prologue ?? new Uint8Array(0));
    if (this.#pattern.initiatorKnown) this.#symmetric.mixHash(this.#staticOf("initiator"));
    if (this.#pattern.responderKnown) this.#symmetric.mixHash(this.#staticOf("responder"));
    const kemKey = options.rs1 ?? options.s1?.publicKey;
    if (kemKey !== undefined) this.#symmetric.mixHash(kemKey);
  }

  /** True where every message was written and read, so that `split` may follow. */
  get finished(): boolean {
    return !this.#failed && this.#messagesDone === this.#pattern.messages.length;
  }

  /** `h`, 32 bytes: the same on both sides when finished, and on no other channel (Noise §11.2). */
  get handshakeHash(): Uint8Array {
    return this.#symmetric.handshakeHash;
  }

  /** `rs`, the other side's static public key, as soon as it is known. */
  get remoteStatic(): Uint8Array | undefined {
    return this.#rs?.slice();
  }

  /** The next message; RangeError where it would exceed 65,535 bytes. */
  writeMessage(payload: Uint8Array = new Uint8Array(0)): Promise<Uint8Array> {
    return this.#step(true, async (tokens) => {
      const parts: Uint8Array[] = [];
      for (const token of tokens) parts.push(await this.#writeToken(token));
      const message = concat([...parts, this.#symmetric.encryptAndHash(payload)]);
      if (message.length > MAX_NOISE_MESSAGE_BYTES) {
        const lengths = `length ${message.length} exceeds ${MAX_NOISE_MESSAGE_BYTES}`;
        throw new RangeError(`cannot write handshake message: ${lengths}`);
      }
      return message;
    });
  }

  /**
   * The payload of the other side's next message; P2pError `protocol` ends the handshake for good.
   */
  readMessage(message: Uint8Array): Promise<Uint8Array> {
    return this.#step(false, async (tokens) => {
      if (message.length > MAX_NOISE_MESSAGE_BYTES) {
        const lengths = `length ${message.length} exceeds ${MAX_NOISE_MESSAGE_BYTES}`;
        throw new P2pError("protocol", `cannot read handshake message: ${lengths}`);
      }
      let rest = message;
      for (const token of tokens) rest = await this.#readToken(token, rest);
      return this.#symmetric.decryptAndHash(rest).slice();
    });
  }

  /** The cipher states of both directions; what a one-way pattern forbids refuses to work. */
  split(): { send: CipherState; receive: CipherState } {
    if (!this.finished) throw new TypeError("cannot split: the handshake is not finished");
    const [fromInitiator, toInitiator] = this.#symmetric.split();
    if (this.#pattern.messages.length === 1) toInitiator.setNonce(MAX_NONCE);
    return this.#initiator
      ? { send: fromInitiator, receive: toInitiator }
      : { send: toInitiator, receive: fromInitiator };
  }

  /** Runs one message pattern where it is this side's turn; any error leaves the state unusable. */
  async #step(
    writing: boolean,
    run: (tokens: readonly Token[]) => Promise<Uint8Array>,
  ): Promise<Uint8Array> {
    const action = writing ? "write" : "read";
    if (this.#failed) throw new TypeError(`cannot ${action}: the handshake has failed`);
    const tokens = this.#pattern.messages[this.#messagesDone];
    const initiatorWrites = this.#messagesDone % 2 === 0;
    if (tokens === undefined || writing !== (initiatorWrites === this.#initiator)) {
      throw new TypeError(`cannot ${action}: it is not this side's turn`);
    }
    this.#failed = true;
    const result = await run(tokens);
    this.#failed = false;
    this.#messagesDone += 1;
    return result;
  }

  async #writeToken(token: Token): Promise<Uint8Array> {
    switch (token) {
      case "e":
        this.#e ??= generateKeyPair();
        this.#mixEphemeral(this.#e.publicKey);
        return this.#e.publicKey;
      case "s":
        return this.#symmetric.encryptAndHash(present(this.#s).publicKey);
      case "e1":
        this.#e1 ??= await kemKeyPair();
        return this.#symmetric.encryptAndHash(this.#e1.publicKey);
      case "ekem1":
        return await this.#encapsulate(present(this.#re1));
      case "skem1":
        return await this.#encapsulate(present(this.#rs1));
      default:
        this.#mixSecret(token);
        return new Uint8Array(0);
    }
  }

  /** The rest of `message` behind the token. */
  async #readToken(token: Token, message: Uint8Array): Promise<Uint8Array> {
    switch (token) {
      case "e": {
        const [key, rest] = take(message, X25519_BYTES);
        this.#re = key;
        this.#mixEphemeral(key);
        return rest;
      }
      case "s": {
        const [key, rest] = this.#takeSealed(message, X25519_BYTES);
        this.#rs = key;
        return rest;
      }
      case "e1": {
        const [key, rest] = this.#takeSealed(message, KEM_PUBLIC_KEY_BYTES);
        this.#re1 = key;
        return rest;
      }
      case "ekem1":
        return await this.#decapsulate(present(this.#e1), message);
      case "skem1":
        return await this.#decapsulate(present(this.#s1), message);
      default:
        this.#mixSecret(token);
        return message;
    }
  }

  async #encapsulate(publicKey: Uint8Array): Promise<Uint8Array> {
    const { ciphertext, secret } = await this.#kem.encapsulate(publicKey);
    const sealed = this.#symmetric.encryptAndHash(ciphertext);
    this.#symmetric.mixKey(secret);
    return sealed;
  }

  async #decapsulate({ seed }: KemKeyPair, message: Uint8Array): Promise<Uint8Array> {
    const [ciphertext, rest] = this.#takeSealed(message, KEM_CIPHERTEXT_BYTES);
    this.#symmetric.mixKey(await this.#kem.decapsulate(seed, ciphertext));
    return rest;
  }

  /** `length` bytes that `encryptAndHash` made, and the rest. */
  #takeSealed(message: Uint8Array, length: number): [Uint8Array, Uint8Array] {
    const [sealed, rest] = take(message, length + (this.#symmetric.hasKey ? TAG_BYTES : 0));
    return [this.#symmetric.decryptAndHash(sealed), rest];
  }

  /** With a pre-shared key an ephemeral key is also key material, so that keys differ (§9.2). */
  #mixEphemeral(key: Uint8Array) {
    this.#symmetric.mixHash(key);
    if (this.#hasPsk) this.#symmetric.mixKey(key);
  }

  /** The first letter of a DH token is the initiator's key, the second the responder's. */
  #mixSecret(token: "ee" | "es" | "se" | "ss" | "psk") {
    if (token === "psk") return this.#symmetric.mixKeyAndHash(present(this.#psks.shift()));
    const [local, remote] = this.#initiator ? [token[0], token[1]] : [token[1], token[0]];
    const keyPair = present(local === "e" ? this.#e : this.#s);
    const publicKey = present(remote === "e" ? this.#re : this.#rs);
    this.#symmetric.mixKey(dh(keyPair.privateKey, publicKey));
  }

  #staticOf(role: "initiator" | "responder"): Uint8Array {
    return (role === "initiator") === this.#initiator
      ? present(this.#s).publicKey
      : present(this.#rs);
  }
}

function checkKeys(options: HandshakeOptions, pattern: HandshakePattern) {
  const { initiator, s, rs, s1, rs1, psks = [] } = options;
  const needed = neededKeys(pattern, initiator);
  if (needed.s1 !== (s1 !== undefined) || needed.rs1 !== (rs1 !== undefined)) {
    throw new TypeError("cannot start handshake: other KEM keys than the pattern has");
  }
  if (needed.s && s === undefined) {
    throw new TypeError("cannot start handshake: the pattern needs a static key pair");
  }
  if (needed.rs !== (rs !== undefined)) {
    const state = needed.rs ? "needs" : "has no place for";
    throw new TypeError(`cannot start handshake: the pattern ${state} a remote static key`);
  }
  if (rs !== undefined && rs.length !== X25519_BYTES) {
    throw new RangeError(`cannot start handshake: remote static key of ${rs.length} bytes`);
  }
  if (psks.length !== needed.psks || psks.some((psk) => psk.length !== KEY_BYTES)) {
    throw new TypeError(
      `cannot start handshake: the pattern needs ${needed.psks} psks of 32 bytes`,
    );
  }
}

/** Copies, so that a caller may use the buffer of a message again. */
function take(message: Uint8Array, length: number): [Uint8Array, Uint8Array] {
  if (message.length < length) {
    const lengths = `${message.length} bytes where at least ${length} are needed`;
    throw new P2pError("protocol", `cannot read handshake message: ${lengths}`);
  }
  return [message.slice(0, length), message.subarray(length)];
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError("cannot go on: the pattern lacks a key here");
  return value;
}
