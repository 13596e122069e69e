import { fullOr } from "./full_or.ts";

/**
 * Places of bytes in one direction of a handshake: all of them, or where somebody waits some, closer
 * together at its start and in its last `tail` bytes than in the long keys and ciphertexts between.
 */
export function sampledPlaces(length: number, tail: number): number[] {
  const step = (at: number) => at < 50 || at > length - tail ? 19 : 401;
  return Array.from({ length }, (_, at) => at).filter((at) => at % fullOr(1, step(at)) === 0);
}
