/** Both ends of one TCP connection on loopback, closed when they go out of scope. */
export class Loopback implements Disposable {
  readonly client: Deno.TcpConn;
  readonly server: Deno.TcpConn;

  private constructor(client: Deno.TcpConn, server: Deno.TcpConn) {
    this.client = client;
    this.server = server;
  }

  static async open(): Promise<Loopback> {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const [client, server] = await Promise.all([
      Deno.connect({ port: listener.addr.port }),
      listener.accept(),
    ]);
    client.setNoDelay(true);
    server.setNoDelay(true);
    return new Loopback(client, server);
  }

  [Symbol.dispose]() {
    closeQuietly(this.client);
    closeQuietly(this.server);
  }
}

/** Closes a connection that may be closed already. */
export function closeQuietly(conn: Deno.TcpConn) {
  try {
    conn.close();
  } catch {
    // Closed already.
  }
}
