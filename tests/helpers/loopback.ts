import type { Connection } from "../../src/transport/connection.ts";
import { TcpConnection } from "../../src/transport/tcp_connection.ts";

/** Both ends of one TCP connection on loopback, closed when they go out of scope. */
export class Loopback implements Disposable {
  readonly client: Connection;
  readonly server: Connection;

  private constructor(client: Connection, server: Connection) {
    this.client = client;
    this.server = server;
  }

  static async open(): Promise<Loopback> {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const [client, server] = await Promise.all([
      Deno.connect({ port: listener.addr.port }),
      listener.accept(),
    ]);
    return new Loopback(new TcpConnection(client), new TcpConnection(server));
  }

  [Symbol.dispose]() {
    this.client.close();
    this.server.close();
  }
}
