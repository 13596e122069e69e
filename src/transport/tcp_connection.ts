import type { Address } from "./address.ts";
import type { Connection } from "./connection.ts";
import { isLocalAddress } from "./local_addresses.ts";

/** A {@link Connection} over TCP, without Nagle's delay, and kept alive by the system. */
export class TcpConnection implements Connection {
  readonly remoteAddress: Address;
  /** This end's address; undefined where no interface has it, as with many of loopback. */
  readonly #localHost: string | undefined;
  readonly #conn: Deno.TcpConn;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  /** Takes `conn` over, right after connect or accept. */
  constructor(conn: Deno.TcpConn) {
    const { hostname, port } = conn.remoteAddr;
    this.remoteAddress = { host: plain(hostname), port };
    const localHost = plain(conn.localAddr.hostname);
    this.#localHost = isLocalAddress(localHost) ? localHost : undefined;
    this.#conn = conn;
    try {
      conn.setNoDelay(true);
      conn.setKeepAlive(true);
    } catch {
      // It is gone already: reading says so.
    }
    this.#writer = conn.writable.getWriter();
    this.#writer.closed.catch(() => {}); // A failing write tells its caller.
  }

  get isStranded(): boolean {
    return this.#localHost !== undefined && !isLocalAddress(this.#localHost);
  }

  read(into: Uint8Array): Promise<number | null> {
    return this.#conn.read(into);
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#writer.write(bytes);
  }

  async closeWrite(): Promise<void> {
    await this.#conn.closeWrite();
  }

  close(): void {
    try {
      this.#conn.close();
    } catch {
      // Closed already.
    }
  }
}

/** An IPv4 address that came over a socket of IPv6 as it is written elsewhere. */
function plain(host: string): string {
  return host.replace(/^::ffff:/, "");
}
