import { concat } from "../../src/bytes.ts";
import { kemKeyPair } from "../../src/secure/ml_kem.ts";
import { generateKeyPair } from "../../src/secure/x25519.ts";
import { VERSION } from "../../src/protocol/handshake.ts";

/** Bytes that a hub answers to message 1, at least: its preamble, an ephemeral key, a ciphertext. */
const LEAST_ANSWER_BYTES = 8 + 2 + 32 + 1_088;

/** Strangers who make a hub compute its half of handshakes, and go, for as long as they are not disposed of. */
export class HandshakeFlood implements AsyncDisposable {
  readonly #loops: Promise<void>[];
  #isOver = false;
  /** Handshakes that the hub has answered. */
  answered = 0;

  /** `loops` of them, each of which comes again as soon as it was answered. */
  static async start(port: number, { loops = 12 } = {}): Promise<HandshakeFlood> {
    const e1 = (await kemKeyPair()).publicKey;
    const message = concat([generateKeyPair().publicKey, e1]);
    const length = new Uint8Array([message.length >> 8, message.length & 255]);
    const preamble = new Uint8Array([0x50, 0x32, 0x50, VERSION, 1, 0, 0, 0]);
    return new HandshakeFlood(port, { loops, bytes: concat([preamble, length, message]) });
  }

  private constructor(port: number, { loops, bytes }: { loops: number; bytes: Uint8Array }) {
    this.#loops = Array.from({ length: loops }, () => this.#run(port, bytes));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#loops);
  }

  async #run(port: number, bytes: Uint8Array): Promise<void> {
    while (!this.#isOver) await this.#once(port, bytes).catch(() => {}); // It was sent away.
  }

  async #once(port: number, bytes: Uint8Array): Promise<void> {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await conn.write(bytes);
    const into = new Uint8Array(4_096);
    for (let got = 0; got < LEAST_ANSWER_BYTES;) {
      const read = await conn.read(into);
      if (read === null) return;
      got += read;
    }
    this.answered++;
  }
}
