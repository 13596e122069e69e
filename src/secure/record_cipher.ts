import type { CipherState } from "./noise/cipher_state.ts";

/** Records of one direction under one key (SPEC.md §6). */
export const RECORDS_PER_KEY = 65_536;

const NO_AD = new Uint8Array(0);

/**
 * One direction of a channel: records in their order, with a new key after every {@link
 * RECORDS_PER_KEY}.
 */
export class RecordCipher {
  #state: CipherState;
  #records = 0;

  constructor(state: CipherState) {
    this.#state = state;
  }

  /** The record of `message`. */
  seal(message: Uint8Array): Uint8Array {
    return this.#counted(this.#state.encryptWithAd(NO_AD, message));
  }

  /**
   * The message of `record`; `P2pError` "protocol" where it is not the next one of this direction.
   */
  open(record: Uint8Array): Uint8Array {
    return this.#counted(this.#state.decryptWithAd(NO_AD, record));
  }

  #counted(bytes: Uint8Array): Uint8Array {
    if (++this.#records % RECORDS_PER_KEY === 0) this.#state.rekey();
    return bytes;
  }
}
