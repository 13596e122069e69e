import assert from "node:assert/strict";
import { Notify } from "../../../src/notify.ts";
import type { Exchange } from "../../../src/protocol/exchange.ts";
import type { Message, MessageType } from "../../../src/protocol/messages.ts";
import type { Session } from "../../../src/protocol/session.ts";
import { SessionPair } from "../../helpers/session_pair.ts";
import { TempDir } from "../../helpers/temp_dir.ts";
import { TestSpool } from "../spool/spooled.ts";

/** An exchange that the other side has opened. */
export interface Opened {
  exchange: Exchange;
  opening: Message;
}

/** A spool, and a session between a hub and one peer. `await using` ends and removes all. */
export class RelayScene implements AsyncDisposable {
  readonly spool: TestSpool;
  /** The peer's end of the session. */
  readonly peer: Session;
  /** The hub's end. */
  readonly hub: Session;
  readonly #dir: TempDir;
  readonly #pair: SessionPair;
  readonly #atPeer: Queue;
  readonly #atHub: Queue;

  static async open(options: Parameters<typeof TestSpool.open>[1] = {}): Promise<RelayScene> {
    const dir = await TempDir.make();
    const [atPeer, atHub] = [new Queue(), new Queue()];
    const pair = await SessionPair.open({
      onOpen: (exchange, opening) => atHub.push({ exchange, opening }),
      onOpenInitiator: (exchange, opening) => atPeer.push({ exchange, opening }),
    });
    return new RelayScene(dir, await TestSpool.open(dir.path, options), { pair, atPeer, atHub });
  }

  private constructor(
    dir: TempDir,
    spool: TestSpool,
    { pair, atPeer, atHub }: { pair: SessionPair; atPeer: Queue; atHub: Queue },
  ) {
    this.#dir = dir;
    this.spool = spool;
    this.#pair = pair;
    this.peer = pair.initiator;
    this.hub = pair.acceptor;
    this.#atPeer = atPeer;
    this.#atHub = atHub;
  }

  /** The home of the hub. */
  get home(): string {
    return this.#dir.path;
  }

  /** The path of the content of the only transfer in the spool. */
  get content(): string {
    const [folder] = [...Deno.readDirSync(this.#dir.join("spool"))];
    return this.#dir.join("spool", folder!.name, "content");
  }

  /** The next exchange that the hub opens, at the peer. */
  delivery(): Promise<Opened> {
    return this.#atPeer.next();
  }

  /** Both ends of an exchange that the peer opens by a `relay`. */
  async relay(opening: Omit<Message<"relay">, "type" | "exchange">) {
    const atPeer = this.peer.open();
    await atPeer.send({ type: "relay", ...opening });
    const { exchange: atHub } = await this.#atHub.next();
    return { atPeer, atHub };
  }

  async [Symbol.asyncDispose]() {
    await this.#pair[Symbol.asyncDispose]();
    await this.spool[Symbol.asyncDispose]();
    await this.#dir[Symbol.asyncDispose]();
  }
}

class Queue {
  readonly #waiting: Opened[] = [];
  readonly #changes = new Notify();

  push(opened: Opened): void {
    this.#waiting.push(opened);
    this.#changes.notify();
  }

  async next(): Promise<Opened> {
    while (this.#waiting.length === 0) await this.#changes.wait();
    return this.#waiting.shift()!;
  }
}

/** The next message, which must be of that type. */
export async function expected<T extends MessageType>(
  exchange: { receive(): Promise<Message> },
  type: T,
): Promise<Message<T>> {
  const message = await exchange.receive();
  assert.equal(message.type, type, JSON.stringify(message));
  return message as Message<T>;
}

/** Reads chunks to the end of the other side's data. */
export async function readAll(exchange: Exchange): Promise<Uint8Array[]> {
  return await Array.fromAsync(exchange.data);
}
