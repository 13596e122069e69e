const BYTES_AT_ONCE = 1024;
const PAUSE_MS = 1_000;

/** What it takes to join passes at once. */
const AT_ONCE_BYTES = 8 * 1024;

/** A way to a port for one connection, which brings 1 KiB a second from there once it is joined. */
export class SlowProxy implements Disposable {
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #conns: Deno.Conn[] = [];

  constructor(port: number) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#pass(port).catch(() => {});
  }

  async #pass(port: number) {
    const client = await this.#listener.accept();
    const hub = await Deno.connect({ hostname: "127.0.0.1", port });
    this.#conns.push(client, hub);
    client.readable.pipeTo(hub.writable).catch(() => {});
    const buffer = new Uint8Array(BYTES_AT_ONCE);
    for (let passed = 0;; passed += BYTES_AT_ONCE) {
      const length = await hub.read(buffer);
      if (length === null) return;
      await client.write(buffer.subarray(0, length));
      if (passed > AT_ONCE_BYTES) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  [Symbol.dispose]() {
    this.#listener.close();
    for (const conn of this.#conns) {
      try {
        conn.close();
      } catch {
        // Its end was read.
      }
    }
  }
}
