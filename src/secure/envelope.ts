import { concat, utf8 } from "../bytes.ts";
import { P2pError } from "../errors.ts";
import { HandshakeState } from "./noise/noise.ts";
import type { KeyPair } from "./x25519.ts";

/** What an envelope carries (SPEC.md §17). */
export const PURPOSE = { offer: 1, answer: 2 } as const;

/** What an envelope is bound to: its purpose and its transfer, so that it is of no use for another. */
export interface EnvelopeContext {
  purpose: typeof PURPOSE[keyof typeof PURPOSE];
  /** 16 bytes. */
  transferId: Uint8Array;
}

/** Most bytes of what an envelope holds. */
export const MAX_ENVELOPE_PAYLOAD_BYTES = 6_000;

/** Seals `payload` from `sender` to the one who owns `receiverKey`: one `Noise_X` message (SPEC.md §17). */
export async function sealEnvelope(
  payload: Uint8Array,
  { sender, receiverKey, ...context }: EnvelopeContext & {
    sender: KeyPair;
    receiverKey: Uint8Array;
  },
): Promise<Uint8Array> {
  if (payload.length > MAX_ENVELOPE_PAYLOAD_BYTES) {
    throw new RangeError(
      `cannot seal envelope: ${payload.length} bytes exceed ${MAX_ENVELOPE_PAYLOAD_BYTES}`,
    );
  }
  const state = new HandshakeState({
    pattern: "X",
    initiator: true,
    prologue: prologue(context),
    s: sender,
    rs: receiverKey,
  });
  return await state.writeMessage(payload);
}

/** What an envelope to `receiver` holds, and the static key that proves who made it. "protocol" where it does not open. */
export async function openEnvelope(
  sealed: Uint8Array,
  { receiver, ...context }: EnvelopeContext & { receiver: KeyPair },
): Promise<{ payload: Uint8Array; senderKey: Uint8Array }> {
  const state = new HandshakeState({
    pattern: "X",
    initiator: false,
    prologue: prologue(context),
    s: receiver,
  });
  try {
    return { payload: await state.readMessage(sealed), senderKey: state.remoteStatic! };
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
  return concat([utf8("p2p/1 envelope"), Uint8Array.of(purpose), transferId]);
}
