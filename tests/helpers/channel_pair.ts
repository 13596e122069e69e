import { Channel } from "../../src/protocol/channel.ts";
import { accept, initiate } from "../../src/protocol/handshake.ts";
import { identityKeys } from "../../src/secure/identity_keys.ts";
import type { Clock } from "../../src/clock.ts";
import type { Connection } from "../../src/transport/connection.ts";
import { Loopback } from "./loopback.ts";
import { memoryConnection } from "./memory_connection.ts";

/** Two channels over one connection, after a real handshake; `using` breaks them off. */
export class ChannelPair implements Disposable {
  readonly initiator: Channel;
  readonly acceptor: Channel;
  /** The initiator's end, for bytes that no channel sends. */
  readonly conn: Connection;

  private constructor(initiator: Channel, acceptor: Channel, conn: Connection) {
    this.initiator = initiator;
    this.acceptor = acceptor;
    this.conn = conn;
  }

  /** Over TCP on loopback. */
  static async open(): Promise<ChannelPair> {
    const { client, server } = await Loopback.open();
    return await ChannelPair.over([client, server]);
  }

  /** In memory, by the clock of the test where there is one. */
  static async inMemory(options: { clock?: Clock } = {}): Promise<ChannelPair> {
    return await ChannelPair.over(memoryConnection(), options);
  }

  private static async over(
    [client, server]: [Connection, Connection],
    options: { clock?: Clock } = {},
  ): Promise<ChannelPair> {
    const checkKey = () => Promise.resolve();
    const [initiated, accepted] = await Promise.all([
      initiate(client, { keyPair: await identityKeys(), name: "initiator", checkKey }),
      accept(server, { keyPair: await identityKeys() }),
    ]);
    const initiator = new Channel(client, initiated, options);
    return new ChannelPair(initiator, new Channel(server, accepted, options), client);
  }

  [Symbol.dispose]() {
    this.initiator.abort();
    this.acceptor.abort();
  }
}
