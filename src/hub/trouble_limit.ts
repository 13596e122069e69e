import { networkOf } from "./failure_limit.ts";

/** Troubles that are told between two sweeps: of one network, and of all. */
const MOST_OF_NETWORK = 10;
const MOST = 100;

/** Bounds how many of the troubles that strangers cause are told: a log is on a disk too. */
export class TroubleLimit {
  readonly #told = new Map<string, number>();
  #all = 0;
  #untold = 0;

  /** True where one more from an IP address is to be told. */
  mayTell(address: string): boolean {
    const network = networkOf(address);
    const ofNetwork = this.#told.get(network) ?? 0;
    if (ofNetwork === MOST_OF_NETWORK || this.#all === MOST) {
      this.#untold++;
      return false;
    }
    this.#told.set(network, ofNetwork + 1);
    this.#all++;
    return true;
  }

  /** Begins anew; gives how many were not told. */
  reset(): number {
    const untold = this.#untold;
    this.#told.clear();
    this.#all = this.#untold = 0;
    return untold;
  }
}
