import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { ristretto255, ristretto255_hasher } from "@noble/curves/ed25519.js";
import { randomBytes } from "../random.ts";
import { concat, toHex, utf8 } from "../../bytes.ts";
import { P2pError } from "../../errors.ts";
import { type CpaceInput, DSI, generatorString, lvCat, transcriptIr } from "./cpace_strings.ts";

/**
 * The connecting side of CPace-Ristretto255-SHA512 with explicit key confirmation: send `share`,
 * then `confirm(Yb)`; it is the first to show that it knows the secret. For one run only.
 */
export class CpaceInitiator {
  readonly share: Uint8Array;
  readonly #input: CpaceInput;
  readonly #scalar: bigint;
  #keys: SessionKeys | undefined;

  /** `scalar` is given for vectors alone. */
  constructor(input: CpaceInput, scalar = sampleScalar()) {
    this.#input = input;
    this.#scalar = scalar;
    this.share = scalarMult(this.#scalar, calculateGenerator(input));
  }

  /**
   * The tag to send for the other side's share; P2pError `protocol` where that is not a valid
   * point.
   */
  confirm(responderShare: Uint8Array): Uint8Array {
    if (this.#keys !== undefined) throw new TypeError("cannot confirm: this run has had its share");
    const k = sharedPoint(this.#scalar, responderShare);
    this.#keys = sessionKeys(this.#input, k, { ya: this.share, yb: responderShare });
    return this.#keys.initiatorTag;
  }

  /** The session key (ISK, 64 bytes); P2pError `refused` where the tag shows another secret. */
  finish(responderTag: Uint8Array): Uint8Array {
    if (this.#keys === undefined) throw new TypeError("cannot finish: no share has come yet");
    checkTag(this.#keys.responderTag, responderTag);
    return this.#keys.isk;
  }
}

/**
 * The listening side: send `share` after the initiator's, then `finish(share, tag)`, whose `tag`
 * may be sent because the initiator has shown that it knows the secret. For one run only.
 */
export class CpaceResponder {
  readonly share: Uint8Array;
  readonly #input: CpaceInput;
  readonly #scalar: bigint;
  #used = false;

  /** `scalar` is given for vectors alone. */
  constructor(input: CpaceInput, scalar = sampleScalar()) {
    this.#input = input;
    this.#scalar = scalar;
    this.share = scalarMult(this.#scalar, calculateGenerator(input));
  }

  /**
   * The session key (ISK, 64 bytes) and the tag to send; P2pError `protocol` where the share is no
   * valid point, `refused` where the tag shows another secret.
   */
  finish(
    initiatorShare: Uint8Array,
    initiatorTag: Uint8Array,
  ): { isk: Uint8Array; tag: Uint8Array } {
    if (this.#used) throw new TypeError("cannot finish: this run is used up");
    this.#used = true;
    const k = sharedPoint(this.#scalar, initiatorShare);
    const keys = sessionKeys(this.#input, k, { ya: initiatorShare, yb: this.share });
    checkTag(keys.initiatorTag, initiatorTag);
    return { isk: keys.isk, tag: keys.responderTag };
  }
}

const DSI_ISK = concat([DSI, utf8("_ISK")]);

/** A group generator that depends on all of the input, as 32 bytes (calculate_generator). */
export function calculateGenerator(input: CpaceInput): Uint8Array {
  const digest = sha512(generatorString(input));
  return ristretto255_hasher.deriveToCurve!(digest).toBytes();
}

/** A random scalar from 1 to the group order - 1 (sample_scalar), without bias that matters. */
export function sampleScalar(): bigint {
  for (;;) {
    const scalar = reducedScalar(randomBytes(64));
    if (scalar !== 0n) return scalar;
  }
}

/** The scalar of 64 bytes, most significant first. */
export function reducedScalar(bytes: Uint8Array): bigint {
  return ristretto255.Point.Fn.create(BigInt(`0x${toHex(bytes)}`));
}

/** The encoded product of a scalar and an encoded point (scalar_mult). */
export function scalarMult(scalar: bigint, point: Uint8Array): Uint8Array {
  return ristretto255.Point.fromBytes(point).multiply(scalar).toBytes();
}

/**
 * As `scalarMult`, but undefined for what is not a point or gives the identity (scalar_mult_vfy).
 */
export function scalarMultVfy(scalar: bigint, point: Uint8Array): Uint8Array | undefined {
  try {
    const product = ristretto255.Point.fromBytes(point).multiply(scalar);
    return product.is0() ? undefined : product.toBytes();
  } catch {
    return undefined;
  }
}

/** The intermediate session key ISK, 64 bytes, from the shared point `k`. */
export function deriveIsk(sid: Uint8Array, k: Uint8Array, transcript: Uint8Array): Uint8Array {
  return sha512(lvCat(DSI_ISK, sid, k), transcript);
}

interface SessionKeys {
  isk: Uint8Array;
  initiatorTag: Uint8Array;
  responderTag: Uint8Array;
}

/**
 * The draft's key for confirmation, with tags that say the role: one cannot be sent back as the
 * other.
 */
function sessionKeys(
  { sid }: CpaceInput,
  k: Uint8Array,
  shares: { ya: Uint8Array; yb: Uint8Array },
): SessionKeys {
  const transcript = transcriptIr(shares);
  const isk = deriveIsk(sid, k, transcript);
  const macKey = sha512(utf8("CPaceMac"), sid, isk);
  const tag = (role: string) => {
    const mac = createHmac("sha512", macKey).update(lvCat(utf8(role))).update(transcript);
    return new Uint8Array(mac.digest());
  };
  return { isk, initiatorTag: tag("initiator"), responderTag: tag("responder") };
}

function sharedPoint(scalar: bigint, share: Uint8Array): Uint8Array {
  const k = scalarMultVfy(scalar, share);
  if (k === undefined) {
    throw new P2pError(
      "protocol",
      "cannot check the secret: the other side's share is not a valid point",
    );
  }
  return k;
}

function checkTag(expected: Uint8Array, tag: Uint8Array) {
  if (tag.length !== expected.length || !timingSafeEqual(expected, tag)) {
    throw new P2pError("refused", "cannot confirm the secret: the other side has another one");
  }
}

function sha512(...parts: Uint8Array[]): Uint8Array {
  const hash = createHash("sha512");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}
