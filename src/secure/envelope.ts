import { concat } from "../bytes.ts";
import { P2pError } from "../errors.ts";
import { type IdentityKeys, joinedKeys, type PublicKeys } from "./identity_keys.ts";
import { KEM_PUBLIC_KEY_BYTES } from "./ml_kem.ts";
import { type HandshakeRandomness, HandshakeState } from "./noise/noise.ts";

/** The purposes of an envelope (SPEC.md §17). */
export const PURPOSE = { offer: 1, answer: 2 } as const;

/** The purpose and the transfer to which an envelope is bound: it does not open for another. */
export interface EnvelopeContext {
  purpose: typeof PURPOSE[keyof typeof PURPOSE];
  /** 16 bytes. */
  transferId: Uint8Array;
}

/** Most bytes of what an envelope holds, besides the key of its maker. */
export const MAX_ENVELOPE_PAYLOAD_BYTES = 6_000;

/** The name of the pattern: X of Noise, with a secret for the receiver's KEM key mixed in. */
const PATTERN = "Xskem";

/** Seals `payload` from `sender` to `receiver`: one message of Noise (SPEC.md §17). */
export async function sealEnvelope(
  payload: Uint8Array,
  { sender, receiver, randomness, ...context }: EnvelopeContext & {
    sender: IdentityKeys;
    receiver: PublicKeys;
    /** Given for vectors alone. */
    randomness?: HandshakeRandomness;
  },
): Promise<Uint8Array> {
  if (payload.length > MAX_ENVELOPE_PAYLOAD_BYTES) {
    throw new RangeError(
      `cannot seal envelope: ${payload.length} bytes exceed ${MAX_ENVELOPE_PAYLOAD_BYTES}`,
    );
  }
  const state = new HandshakeState({
    pattern: PATTERN,
    initiator: true,
    prologue: prologue(context),
    s: sender.dhPair,
    rs: receiver.dh,
    rs1: receiver.kem,
    ...randomness,
  });
  return await state.writeMessage(concat([sender.kem, payload]));
}

/**
 * The content of an envelope to `receiver`, and the keys that made it. "protocol" where it does not
 * open.
 */
export async function openEnvelope(
  sealed: Uint8Array,
  { receiver, ...context }: EnvelopeContext & { receiver: IdentityKeys },
): Promise<{ payload: Uint8Array; sender: PublicKeys }> {
  const state = new HandshakeState({
    pattern: PATTERN,
    initiator: false,
    prologue: prologue(context),
    s: receiver.dhPair,
    s1: receiver.kemPair,
  });
  try {
    const opened = await state.readMessage(sealed);
    const sender = joinedKeys(state.remoteStatic!, opened.slice(0, KEM_PUBLIC_KEY_BYTES));
    return { payload: opened.slice(KEM_PUBLIC_KEY_BYTES), sender };
  } catch (cause) {
    throw new P2pError(
      "protocol",
      "cannot open envelope: it is not for us, not for this transfer, or was changed",
      { cause },
    );
  }
}

function prologue({ purpose, transferId }: EnvelopeContext): Uint8Array {
  if (transferId.length !== 16) throw new RangeError(`transfer id of ${transferId.length} bytes`);
  return concat([LABEL, Uint8Array.of(purpose), transferId]);
}

const LABEL = new TextEncoder().encode("p2p/2 envelope");
