/** This machine's name, for where no other was given. */
export function hostName(): string {
  try {
    return Deno.hostname().slice(0, 64) || "p2p";
  } catch {
    return "p2p";
  }
}
