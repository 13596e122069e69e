import type { Kind, Offer, RefuseCode } from "../protocol/messages.ts";
import { topName } from "../names/file_name.ts";

/** Who sends: the static key, and the name that it goes by. */
export interface Sender {
  key: Uint8Array;
  name: string;
}

/** What a receiver takes. */
export interface Acceptance {
  /** Kinds that are taken; undefined for all. */
  kinds?: readonly Kind[] | undefined;
  /** Most bytes of one transfer. */
  maxBytes?: number | undefined;
  /** Leaves a leading `.` or `-` of the name as it is (SPEC.md §13). */
  allowHidden?: boolean | undefined;
  /** Why the rules of a policy do not allow it; undefined where they do. */
  policy?: ((offer: Offer, from: Sender) => Promise<string | undefined>) | undefined;
  /** Asks a person; without it nobody is asked. */
  ask?: ((offer: Offer, from: Sender) => Promise<boolean>) | undefined;
}

/** A no, with its reason for people. */
export interface Refusal {
  code: RefuseCode;
  reason: string;
}

/** Why `offer` is not taken by its name, kind or declared size; undefined where it may go on. */
export function judge(offer: Offer, acceptance: Acceptance): Refusal | undefined {
  const { kinds, maxBytes, allowHidden = false } = acceptance;
  return judgeName(offer, allowHidden) ?? judgeKind(offer, kinds) ?? judgeSize(offer, maxBytes);
}

function judgeName({ name }: Offer, allowHidden: boolean): Refusal | undefined {
  try {
    topName(name, { allowHidden });
  } catch (error) {
    return { code: "name", reason: (error as Error).message };
  }
}

/** A folder is judged by the files in it, as they come. */
function judgeKind(
  { kind, folder }: Offer,
  kinds: readonly Kind[] | undefined,
): Refusal | undefined {
  if (folder || kinds === undefined || kinds.includes(kind)) return undefined;
  return {
    code: "kind",
    reason: `it is of kind ${kind}, and only ${kinds.join(", ")} is taken here`,
  };
}

function judgeSize({ size }: Offer, maxBytes: number | undefined): Refusal | undefined {
  if (maxBytes === undefined || size === null || size <= maxBytes) return undefined;
  return {
    code: "size",
    reason: `it has ${size} bytes, and ${maxBytes} are the most that is taken here`,
  };
}
