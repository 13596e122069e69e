import type { Duplex } from "../../src/protocol/handshake.ts";

/** One direction of a connection in memory: a writer never waits, and each byte may be changed on its way. */
export class MemoryPipe extends TransformStream<Uint8Array, Uint8Array> {
  /** All bytes that came through, as they were written. */
  readonly seen: number[];

  constructor(change: (byte: number, position: number) => number = (byte) => byte) {
    const seen: number[] = [];
    super(
      {
        transform(bytes, controller) {
          controller.enqueue(bytes.map((byte, i) => change(byte, seen.length + i)));
          seen.push(...bytes);
        },
      },
      undefined,
      new CountQueuingStrategy({ highWaterMark: 100 }),
    );
    this.seen = seen;
  }

  /** Ends it, as the end of a connection does. */
  async end(): Promise<void> {
    await this.writable.close().catch(() => {});
  }
}

/** Both ends of a connection in memory, made of its two directions. */
export function memoryDuplex(
  toAcceptor: MemoryPipe,
  toInitiator: MemoryPipe,
): { initiator: Duplex; acceptor: Duplex } {
  return {
    initiator: { readable: toInitiator.readable, writable: toAcceptor.writable },
    acceptor: { readable: toAcceptor.readable, writable: toInitiator.writable },
  };
}
