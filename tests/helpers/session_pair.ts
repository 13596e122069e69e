import type { Channel } from "../../src/protocol/channel.ts";
import type { Exchange } from "../../src/protocol/exchange.ts";
import type { Message } from "../../src/protocol/messages.ts";
import { Session, type SessionOptions } from "../../src/protocol/session.ts";
import { ChannelPair } from "./channel_pair.ts";

/** Two sessions over one connection in memory, the welcome said; `await using` ends both. */
export class SessionPair implements AsyncDisposable {
  readonly initiator: Session;
  readonly acceptor: Session;

  private constructor(initiator: Session, acceptor: Session) {
    this.initiator = initiator;
    this.acceptor = acceptor;
  }

  /** `onOpen` is that of the acceptor. */
  static async open(
    { onOpenInitiator, ...options }: Omit<SessionOptions, "initiator"> & {
      onOpenInitiator?: SessionOptions["onOpen"];
    } = {},
  ): Promise<SessionPair> {
    const channels = await ChannelPair.inMemory(options);
    const acceptor = new Session(channels.acceptor, { initiator: false, ...options });
    const initiator = new Session(channels.initiator, {
      ...options,
      initiator: true,
      onOpen: onOpenInitiator,
    });
    await acceptor.welcome("the hub");
    await initiator.welcomed;
    return new SessionPair(initiator, acceptor);
  }

  async [Symbol.asyncDispose]() {
    await endSession(this.initiator);
    await endSession(this.acceptor);
  }
}

/** A session whose other side is a bare channel, which says what it likes; `await using` ends both. */
export class SessionUnderTest implements AsyncDisposable {
  readonly session: Session;
  readonly peer: Channel;
  readonly channels: ChannelPair;

  private constructor(session: Session, peer: Channel, channels: ChannelPair) {
    this.session = session;
    this.peer = peer;
    this.channels = channels;
  }

  static async open(options: SessionOptions): Promise<SessionUnderTest> {
    const channels = await ChannelPair.inMemory(options);
    const { initiator, acceptor } = channels;
    const [own, peer] = options.initiator ? [initiator, acceptor] : [acceptor, initiator];
    return new SessionUnderTest(new Session(own, options), peer, channels);
  }

  async [Symbol.asyncDispose]() {
    this.peer.abort();
    await endSession(this.session);
  }
}

/** A run from the start, accepted by `receiver` and begun by `sender`. */
export async function beginRun(sender: Exchange, receiver: Exchange) {
  await receiver.accept({ offset: 0, digest: null });
  await sender.receive();
  await sender.send({ type: "begin", offset: 0, salt: OFFER.key });
  await receiver.receive();
}

async function endSession(session: Session) {
  session.abort();
  await session.closed.catch(() => {});
}

/** An offer of one file, in the exchange of that number. */
export function offerOf(exchange: number): Message<"offer"> {
  return { type: "offer", exchange, ...OFFER };
}

/** All of an offer but the exchange number. */
export const OFFER: Omit<Message<"offer">, "type" | "exchange"> = {
  transfer: "0123456789abcdef0123456789abcdef",
  name: "photo.png",
  kind: "image",
  size: 5,
  folder: false,
  files: 1,
  modified: 1_700_000_000_000,
  executable: false,
  text: false,
  batch: null,
  key: "A".repeat(43),
  sha256: null,
  ahead: false,
};
