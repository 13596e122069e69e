import { utf8 } from "../bytes.ts";
import { P2pError } from "../errors.ts";
import type { CpaceInitiator } from "../secure/cpace/cpace.ts";
import { type CpaceInput, lvCat } from "../secure/cpace/cpace_strings.ts";
import { normalizedSecret } from "../secure/secret.ts";

/** The frames of SPEC.md §4, each `length:u16 ‖ bytes`. */
export interface ProofFrames {
  send(bytes: Uint8Array): Promise<void>;
  next(): Promise<Uint8Array>;
}

/** All that a run is bound to: the secret, the handshake hash, and both ids. */
export interface ProofContext {
  secret: string;
  handshakeHash: Uint8Array;
  initiator: { id: Uint8Array };
  acceptor: { id: Uint8Array };
}

/** In place of a share or a tag: the acceptor does not take the initiator. */
export const NOTHING = new Uint8Array(0);

/** The words of an acceptor to an initiator that has not proved that it knows the secret. */
export const WRONG_SECRET = "the secret is wrong";

/** Loads what a proof needs while something else is waited for. */
export function preloadProof(): void {
  import("../secure/cpace/cpace.ts").catch(() => {}); // Where it is missing, the proof says so.
}

/** The input of CPace (SPEC.md §4). */
export function proofInput(context: ProofContext): CpaceInput {
  const { secret, handshakeHash, initiator, acceptor } = context;
  return {
    prs: utf8(normalizedSecret(secret)),
    sid: handshakeHash,
    ci: lvCat(
      ...[utf8("p2p/2 secret"), utf8("initiator"), initiator.id, utf8("acceptor"), acceptor.id],
    ),
  };
}

/** The end of a proof for the initiator: "untried" where the acceptor did not let it try. */
export type ProofResult = "proved" | "wrong" | "untried";

/**
 * The initiator's side, until its tag has left; `onTag` is called when it leaves, by which the
 * acceptor can check one guess; `scalar` is given for vectors alone. Where the acceptor does not
 * take it, it says why in its `goodbye`; `result` rejects with a `P2pError` where the acceptor itself
 * does not know the secret.
 */
export async function proveSecret(
  input: CpaceInput,
  frames: ProofFrames,
  { onTag = () => {}, scalar }: { onTag?: () => void; scalar?: bigint | undefined } = {},
): Promise<{ result: Promise<ProofResult> }> {
  const { CpaceInitiator } = await import("../secure/cpace/cpace.ts");
  const run = new CpaceInitiator(input, scalar);
  await frames.send(run.share);
  const share = await frames.next();
  if (share.length === 0) return { result: Promise.resolve("untried") };
  const own = run.confirm(share);
  onTag();
  await frames.send(own);
  return { result: frames.next().then((tag) => checkTag(tag, run)) };
}

function checkTag(tag: Uint8Array, run: CpaceInitiator): ProofResult {
  if (tag.length === 0) return "wrong";
  run.finish(tag);
  return "proved";
}

/** The acceptor's side, from the initiator's share on: whether it knows the secret, too. */
export async function checkSecret(
  input: CpaceInput,
  { share, frames, scalar }: {
    share: Uint8Array;
    frames: ProofFrames;
    /** Given for vectors alone. */
    scalar?: bigint | undefined;
  },
): Promise<boolean> {
  const { CpaceResponder } = await import("../secure/cpace/cpace.ts");
  const run = new CpaceResponder(input, scalar);
  await frames.send(run.share);
  const tag = finished(run.finish.bind(run, share, await frames.next()));
  if (tag !== undefined) await frames.send(tag);
  return tag !== undefined;
}

/** No share, a bad share and a wrong tag are all the same to the other side. */
function finished(finish: () => { tag: Uint8Array }): Uint8Array | undefined {
  try {
    return finish().tag;
  } catch (error) {
    if (error instanceof P2pError) return undefined;
    throw error;
  }
}
