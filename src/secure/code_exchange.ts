import { randomBytes } from "./random.ts";
import { concat, toHex, utf8 } from "../bytes.ts";
import { P2pError } from "../errors.ts";
import { NONCE_BYTES, open, seal } from "./aead.ts";
import type { Code } from "./code.ts";
import { calculateGenerator, CpaceInitiator, CpaceResponder } from "./cpace/cpace.ts";
import { type CpaceInput, lvCat } from "./cpace/cpace_strings.ts";
import { hkdf } from "./hkdf.ts";

const SID_BYTES = 16;
const SHARE_BYTES = 32;
const TAG_BYTES = 64;

/** Each key seals one text. */
const NONCE = new Uint8Array(NONCE_BYTES);

/**
 * The side that has made a code (SPEC.md §19). For one run only, which is one guess for whoever is
 * on the other side.
 */
export class CodeCreator {
  /** For who claims the nameplate: `sid ‖ Yb`. */
  readonly opening: Uint8Array;
  readonly #run: CpaceResponder;
  #isk: Uint8Array | undefined;

  /** `sid` and `scalar` are given for vectors alone. */
  constructor(code: Code, { sid = randomBytes(SID_BYTES), scalar }: CreatorRandomness = {}) {
    this.#run = new CpaceResponder(inputOf(code, sid), scalar);
    this.opening = concat([sid, this.#run.share]);
  }

  /**
   * The answer to a proof, `Tb` and what we say of ourselves; "refused" where it is one of other
   * words.
   */
  answer(proof: Uint8Array, ours: Uint8Array): Uint8Array {
    const [share, tag] = split(proof, [SHARE_BYTES, TAG_BYTES]);
    const { isk, tag: ownTag } = this.#run.finish(share!, tag!);
    this.#isk = isk;
    return concat([ownTag, sealed(isk, { role: "responder", text: ours })]);
  }

  /** Opens what the other side says of itself. */
  finish(last: Uint8Array): Uint8Array {
    if (this.#isk === undefined) throw new TypeError("cannot finish: there was no proof yet");
    return opened(this.#isk, { role: "initiator", sealed: last });
  }
}

/** The side that types it, and is the first to show that it knows the words. For one run only. */
export class CodeClaimant {
  /** `Ya ‖ Ta`. */
  readonly proof: Uint8Array;
  readonly #run: CpaceInitiator;

  /** `scalar` is given for vectors alone. */
  constructor(code: Code, opening: Uint8Array, scalar?: bigint) {
    const [sid, share] = split(opening, [SID_BYTES, SHARE_BYTES]);
    this.#run = new CpaceInitiator(inputOf(code, sid!), scalar);
    this.proof = concat([this.#run.share, this.#run.confirm(share!)]);
  }

  /**
   * Opens what the other side says of itself, and seals the last word, `ours`; "refused" where it
   * has other words.
   */
  finish(answer: Uint8Array, ours: Uint8Array): { theirs: Uint8Array; last: Uint8Array } {
    const [tag, rest] = split(answer, [TAG_BYTES, answer.length - TAG_BYTES]);
    const isk = this.#run.finish(tag!);
    const theirs = opened(isk, { role: "responder", sealed: rest! });
    return { theirs, last: sealed(isk, { role: "initiator", text: ours }) };
  }
}

/**
 * An opening that no creator has sent, and that looks like one: a hub's answer for a nameplate that
 * does not exist. With the same 32 secret bytes it is always the same one, as a creator's is.
 */
export function nobodysOpening(seed: Uint8Array, nameplate: number): Uint8Array {
  const random = hkdf(seed, {
    info: utf8(`nobody's ${nameplate}`),
    length: SID_BYTES + SHARE_BYTES,
  });
  const [sid, words] = [random.subarray(0, SID_BYTES), [toHex(random.subarray(SID_BYTES))]];
  return concat([sid, calculateGenerator(inputOf({ nameplate, words }, sid))]);
}

interface CreatorRandomness {
  sid?: Uint8Array;
  scalar?: bigint;
}

type Role = "initiator" | "responder";

function inputOf({ nameplate, words }: Code, sid: Uint8Array): CpaceInput {
  return {
    prs: utf8(words.join("-")),
    sid,
    ci: lvCat(utf8("p2p/2 code"), utf8(String(nameplate))),
  };
}

function sealed(isk: Uint8Array, { role, text }: { role: Role; text: Uint8Array }): Uint8Array {
  return seal(keyOf(isk, role), NONCE, text);
}

function opened(isk: Uint8Array, { role, sealed }: { role: Role; sealed: Uint8Array }): Uint8Array {
  return open(keyOf(isk, role), NONCE, sealed);
}

function keyOf(isk: Uint8Array, role: Role): Uint8Array {
  return hkdf(isk, { info: utf8(`p2p/2 code ${role}`) });
}

/** `bytes` in parts of those lengths; "protocol" where they have another length. */
function split(bytes: Uint8Array, lengths: number[]): Uint8Array[] {
  const length = lengths.reduce((sum, part) => sum + part, 0);
  if (bytes.length !== length || lengths.some((part) => part < 0)) {
    throw new P2pError("protocol", `cannot read ${bytes.length} bytes of a code's exchange`);
  }
  let at = 0;
  return lengths.map((part) => bytes.slice(at, at += part));
}
