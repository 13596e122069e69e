import { FRAME, FRAME_HEADER_BYTES } from "../../src/transport/frame.ts";

/** The preamble (SPEC.md §2). */
const PREAMBLE_BYTES = 8;

/**
 * A way to a hub that lets only so many of its turns through until the content of a transfer has
 * passed by: what a sender has to wait for shows without a clock.
 */
export class TurnProxy implements Disposable {
  /** The address to connect to. */
  readonly to: string;
  /** How many turns of the hub come through before content has left. */
  turns = 0;
  /** Frames of a sender, behind its preamble, that belong to the handshake and the proof. */
  handshakeFrames = 0;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });

  constructor(port: number) {
    this.to = `127.0.0.1:${this.#listener.addr.port}`;
    this.#accept(port).catch(() => {}); // It is closed.
  }

  async #accept(port: number) {
    for await (const sender of this.#listener) {
      const hub = await Deno.connect({ hostname: "127.0.0.1", port });
      const way = new Way(this);
      // Either end may break off, and the other one then learns it.
      sender.readable.pipeThrough(way.toHub).pipeTo(hub.writable).catch(() => {});
      hub.readable.pipeThrough(way.toSender).pipeTo(sender.writable).catch(() => {});
    }
  }

  [Symbol.dispose]() {
    this.#listener.close();
  }
}

type Bytes = Uint8Array<ArrayBuffer>;

/** One connection through the proxy. */
class Way {
  readonly toHub: TransformStream<Bytes, Bytes>;
  readonly toSender: TransformStream<Bytes, Bytes>;

  constructor({ turns, handshakeFrames }: Pick<TurnProxy, "turns" | "handshakeFrames">) {
    const seen = new SeenFrames(handshakeFrames);
    let turn = 0;
    let isHubsTurn = false;
    this.toHub = new TransformStream({
      transform(bytes, controller) {
        isHubsTurn = true;
        seen.push(bytes);
        controller.enqueue(bytes);
      },
    });
    this.toSender = new TransformStream({
      async transform(bytes, controller) {
        if (isHubsTurn) turn++;
        isHubsTurn = false;
        if (turn > turns) await seen.content;
        controller.enqueue(bytes);
      },
    });
  }
}

/** Looks at what a sender says, as far as it is in the clear. */
class SeenFrames {
  /** Resolves when the last chunk of a transfer has passed. */
  readonly content: Promise<void>;
  readonly #passed: () => void;
  #bytes: Bytes = new Uint8Array();
  #skip = PREAMBLE_BYTES;
  #handshakeFrames: number;

  constructor(handshakeFrames: number) {
    this.#handshakeFrames = handshakeFrames;
    ({ promise: this.content, resolve: this.#passed } = Promise.withResolvers<void>());
  }

  push(bytes: Bytes) {
    this.#bytes = new Uint8Array([...this.#bytes, ...bytes]);
    while (this.#next());
  }

  /** Passes over the next frame; false where it is not all here. */
  #next(): boolean {
    const view = new DataView(this.#bytes.buffer, this.#skip);
    if (view.byteLength < FRAME_HEADER_BYTES) return false;
    const isHandshake = this.#handshakeFrames > 0;
    const length = isHandshake ? 2 + view.getUint16(0) : 4 + (view.getUint32(0) & 0xffffff);
    if (view.byteLength < length) return false;
    if (isHandshake) this.#handshakeFrames--;
    else if (view.getUint8(0) === FRAME.data && (view.getUint8(8) & 1) === 1) this.#passed();
    this.#bytes = this.#bytes.slice(this.#skip + length);
    this.#skip = 0;
    return true;
  }
}
