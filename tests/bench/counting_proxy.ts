/** A way to a port of this machine that counts the bytes that go there. */
export class CountingProxy implements Disposable {
  /** The address to connect to. */
  readonly to: string;
  /** Bytes towards the port so far, of all connections. */
  passed = 0;
  readonly #listener: Deno.TcpListener;

  constructor(port: number) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.to = `127.0.0.1:${this.#listener.addr.port}`;
    this.#accept(port).catch(() => {}); // It is closed.
  }

  async #accept(port: number) {
    for await (const client of this.#listener) {
      const server = await Deno.connect({ hostname: "127.0.0.1", port });
      const counting = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform: (chunk, controller) => {
          this.passed += chunk.length;
          controller.enqueue(chunk);
        },
      });
      // Either end may break off, and the other one then learns it.
      client.readable.pipeThrough(counting).pipeTo(server.writable).catch(() => {});
      server.readable.pipeTo(client.writable).catch(() => {});
    }
  }

  [Symbol.dispose]() {
    this.#listener.close();
  }
}
