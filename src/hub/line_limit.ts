import { networkOf } from "./failure_limit.ts";

/** Lines that are printed between two sweeps: of one network, and of all. */
export interface MostLines {
  readonly ofNetwork: number;
  readonly all: number;
}

/** Bounds how many of the lines that strangers cause are printed: a log is on a disk too. */
export class LineLimit {
  readonly #most: MostLines;
  readonly #told = new Map<string, number>();
  #all = 0;
  #untold = 0;

  constructor(most: MostLines) {
    this.#most = most;
  }

  /** True where one more that an IP address causes is to be printed. */
  mayTell(address: string): boolean {
    const network = networkOf(address);
    const ofNetwork = this.#told.get(network) ?? 0;
    if (ofNetwork === this.#most.ofNetwork || this.#all === this.#most.all) {
      this.#untold++;
      return false;
    }
    this.#told.set(network, ofNetwork + 1);
    this.#all++;
    return true;
  }

  /** Begins anew; gives how many were not printed. */
  reset(): number {
    const untold = this.#untold;
    this.#told.clear();
    this.#all = this.#untold = 0;
    return untold;
  }
}
