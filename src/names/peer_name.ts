import { P2pError } from "../errors.ts";

/** Most UTF-16 code units of a peer's name (SPEC.md §12). */
export const MAX_PEER_NAME_LENGTH = 64;

const FORBIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Cn}]|(?! )\p{Z}/u;

/**
 * The name of a person or a hub in NFC, or `P2pError` "refused" with the rule that it breaks
 * (SPEC.md §13).
 */
export function checkedPeerName(raw: unknown): string {
  if (typeof raw !== "string" || raw === "") throw refused("", "is empty");
  const name = raw.normalize("NFC");
  if (name.length > MAX_PEER_NAME_LENGTH) {
    throw refused(`${name.slice(0, 20)}…`, `has more than ${MAX_PEER_NAME_LENGTH} characters`);
  }
  if (FORBIDDEN.test(name)) throw refused(name, "holds control or invisible characters");
  if (name.trim() !== name) throw refused(name, "starts or ends with a space");
  return name;
}

/** True for what {@link checkedPeerName} takes as it is. */
export function isPeerName(text: string): boolean {
  try {
    return checkedPeerName(text) === text;
  } catch {
    return false;
  }
}

function refused(name: string, why: string): P2pError {
  return new P2pError("refused", `cannot take the name "${name}": it ${why}`);
}
