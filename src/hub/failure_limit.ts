import { isIPv6 } from "node:net";

/** Failures of one network that are let through within {@link WITHIN_MS} (SPEC.md §4). */
export const MAX_FAILURES = 5;

/** The time for which a failure counts. */
export const WITHIN_MS = 60_000;

/**
 * Networks that are remembered: of more the one that has failed the longest time ago is forgotten.
 */
const MAX_NETWORKS = 65_536;

interface Network {
  /** Times of its failures, the oldest first. */
  failures: number[];
  running: number;
  /** Resolves when one of those that run has ended. */
  ended: PromiseWithResolvers<void>;
}

/**
 * Holds guessing at {@link MAX_FAILURES} failures of one network within {@link WITHIN_MS}; others
 * are not slowed.
 */
export class FailureLimit {
  readonly #networks = new Map<string, Network>();
  readonly #now: () => number;

  /** `now` is a clock in milliseconds. */
  constructor({ now = () => performance.now() }: { now?: () => number } = {}) {
    this.#now = now;
  }

  /**
   * Runs one attempt of `id`, a network or a key, and gives what it says, whether it was right; or
   * where there were too many failures does not run it and gives the milliseconds to wait. An
   * attempt that throws has failed. As many run at once as may still fail.
   */
  async attempt(id: string, run: () => Promise<boolean>): Promise<boolean | number> {
    let network = this.#find(id);
    while (this.#countFailures(network) + network.running >= MAX_FAILURES) {
      if (network.running === 0) return network.failures[0]! + WITHIN_MS - this.#now();
      await network.ended.promise;
      network = this.#find(id);
    }
    network.running++;
    let right = false;
    try {
      return right = await run();
    } finally {
      this.#end(id, { network, right });
    }
  }

  #find(id: string): Network {
    const known = this.#networks.get(id);
    if (known !== undefined) return known;
    const network = { failures: [], running: 0, ended: Promise.withResolvers<void>() };
    this.#networks.set(id, network);
    return network;
  }

  #countFailures({ failures }: Network): number {
    while (failures.length > 0 && failures[0]! + WITHIN_MS <= this.#now()) failures.shift();
    return failures.length;
  }

  #end(id: string, { network, right }: { network: Network; right: boolean }) {
    network.running--;
    if (!right) network.failures.push(this.#now());
    network.ended.resolve();
    network.ended = Promise.withResolvers();
    this.#networks.delete(id);
    if (network.running > 0 || this.#countFailures(network) > 0) this.#networks.set(id, network);
    if (this.#networks.size > MAX_NETWORKS) this.#forgetOldest();
  }

  #forgetOldest() {
    for (const [id, { running }] of this.#networks) {
      if (running === 0) return void this.#networks.delete(id);
    }
  }
}

/** The answer to who has to wait, for people. */
export function tooMany(what: string, waitMs: number): string {
  const seconds = Math.max(1, Math.ceil(waitMs / 1_000));
  return `too many wrong ${what} came from your network: try again in ${seconds} s`;
}

/**
 * The network that is counted as one: an IPv4 address, or the /64 of an IPv6 address, which one
 * household has whole.
 */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:/i, "").replace(/%.*$/, "");
  if (!isIPv6(plain)) return plain;
  const [head = "", tail = ""] = plain.split("::");
  const groups = (part: string) => part.split(":").filter((group) => group !== "");
  const missing = 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array<string>(Math.max(0, missing)).fill("0"), ...groups(tail)];
  return all.slice(0, 4).map((group) => parseInt(group, 16).toString(16)).join(":") + "::/64";
}
