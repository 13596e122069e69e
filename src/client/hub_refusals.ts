import { P2pError } from "../errors.ts";
import { fingerprint } from "../secure/fingerprint.ts";

/** The refusal of a hub whose key is met for the first time, beyond loopback. */
export class UnknownHub extends P2pError {
  readonly key: Uint8Array;

  constructor(where: string, key: Uint8Array) {
    const shown = fingerprint(key);
    super("refused", `the hub at ${where} is not known: its fingerprint is ${shown}`, {
      hint:
        "compare that with what `p2p serve` shows there, then run the line again with --trust-new",
      detail: "hub-unknown",
    });
    this.key = key;
  }
}

/** The refusal of a hub that wants a secret, where none is known. */
export class SecretWanted extends P2pError {
  constructor(where: string) {
    super("refused", `cannot connect to ${where}: the hub wants a secret`, {
      hint: "give it with --secret-file FILE or in P2P_SECRET",
      detail: "secret-wanted",
    });
  }
}

/**
 * The end of connecting to a hub that is met for the first time, was shown a proof of the secret,
 * and was lost: the next try is up to the user (SPEC.md §4).
 */
export function unansweredProof(where: string, cause: P2pError): P2pError {
  const message = `cannot connect to ${where}: ${cause.message} while the secret was being proved`;
  return new P2pError("refused", message, {
    hint:
      "if that is the right address, run the same line again: each time who answers there can " +
      "guess the secret once",
    detail: "proof-unanswered",
    cause,
  });
}

/** The refusal of a hub that has another key than the one that is pinned. */
export function keyChanged(where: string, { was, is }: { was: Uint8Array; is: Uint8Array }) {
  const change = `it was ${fingerprint(was)}, it is ${fingerprint(is)}`;
  return new P2pError("refused", `the key of the hub at ${where} has changed: ${change}`, {
    hint:
      `somebody may be in between. If the change is right, run \`p2p trust forget ${where}\`, then this line again`,
    detail: "key-changed",
  });
}
