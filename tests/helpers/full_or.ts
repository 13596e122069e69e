/** Set by `deno task test`, which takes its time; `test:unit` answers while somebody waits. */
const FULL = Deno.env.get("P2P_FULL") === "1";

/** Gives `full`, or what is enough to find a fault that is new: runs, files, peers, steps. */
export function fullOr<T>(full: T, enough: T): T {
  return FULL ? full : enough;
}
