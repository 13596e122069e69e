import { Channel } from "../../src/protocol/channel.ts";
import { accept, initiate } from "../../src/protocol/handshake.ts";
import { generateKeyPair } from "../../src/secure/x25519.ts";
import { Loopback } from "./loopback.ts";

/** Two channels over one connection on loopback, after a real handshake; `using` breaks them off. */
export class ChannelPair implements Disposable {
  readonly initiator: Channel;
  readonly acceptor: Channel;
  readonly loopback: Loopback;

  private constructor(initiator: Channel, acceptor: Channel, loopback: Loopback) {
    this.initiator = initiator;
    this.acceptor = acceptor;
    this.loopback = loopback;
  }

  static async open(): Promise<ChannelPair> {
    const loopback = await Loopback.open();
    const checkKey = () => Promise.resolve();
    const [initiated, accepted] = await Promise.all([
      initiate(loopback.client, { keyPair: generateKeyPair(), name: "initiator", checkKey }),
      accept(loopback.server, { keyPair: generateKeyPair() }),
    ]);
    const initiator = new Channel(loopback.client, initiated);
    return new ChannelPair(initiator, new Channel(loopback.server, accepted), loopback);
  }

  [Symbol.dispose]() {
    this.initiator.abort();
    this.acceptor.abort();
  }
}
