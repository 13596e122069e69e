import { P2pError } from "../errors.ts";

/** Begins with a letter, so that it is no address and no code. */
const WORD = /^\p{L}[\p{L}\p{N}_-]{0,31}$/u;

/** The longest that the system is waited for. */
const LOOKUP_MS = 2_000;

/**
 * A short name for a hub, in NFC, or `P2pError` "usage" with the rule that it breaks: one word that
 * nobody can take for an address.
 */
export function checkedHubName(text: string): string {
  const name = text.normalize("NFC");
  if (WORD.test(name) && name.toLowerCase() !== "localhost") return name;
  throw new P2pError("usage", `cannot call a hub "${text}"`, {
    hint: "take one word of at most 32 letters, digits, - and _ that begins with a letter",
  });
}

/**
 * The address that the system knows for a name; undefined where it knows none, or does not say so
 * within two seconds.
 */
export async function hostAddressOf(name: string): Promise<string | undefined> {
  const { lookup } = await import("node:dns/promises");
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), LOOKUP_MS);
  try {
    const found = lookup(name).then(({ address }) => address, () => undefined);
    return await Promise.race([found, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
