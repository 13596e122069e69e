import { handOver } from "../../src/buffer_pool.ts";
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { toBase64url } from "../../src/bytes.ts";
import { Hub, type Peer } from "../../src/hub/hub.ts";
import { DATA_HEADROOM_BYTES } from "../../src/protocol/channel.ts";
import type { Exchange } from "../../src/protocol/exchange.ts";
import type { Message, Opening } from "../../src/protocol/messages.ts";
import type { Session } from "../../src/protocol/session.ts";
import { PURPOSE, sealEnvelope } from "../../src/secure/envelope.ts";
import {
  type IdentityKeys,
  identityKeys,
  type PublicKeys,
} from "../../src/secure/identity_keys.ts";
import { sealedChunks } from "../helpers/raw_peer.ts";
import { OFFER } from "../helpers/session_pair.ts";

/** Somebody who has opened something at the hub, and what. */
export interface Visit {
  peer: Peer;
  exchange: Exchange;
  opening: Opening;
  session: Session;
}

const hubKeys = await identityKeys();

/** A hub on a free port that does what the test wants with everything that is opened. */
export class LyingHub implements AsyncDisposable {
  readonly #hub: Hub;
  readonly #visits: Visit[] = [];
  #wake = () => {};

  constructor() {
    this.#hub = new Hub({
      listeners: [Deno.listen({ hostname: "127.0.0.1", port: 0 })],
      keyPair: hubKeys,
      name: "liar",
      onOpen: (peer) => (exchange, opening, session) => {
        this.#visits.push({ peer, exchange, opening, session });
        this.#wake();
      },
    });
  }

  /** The hub's address, `host:port`. */
  get to(): string {
    return `127.0.0.1:${this.#hub.address.port}`;
  }

  /** The next thing of that type that somebody opens. */
  async visit(type: Opening["type"]): Promise<Visit> {
    while (true) {
      const at = this.#visits.findIndex(({ opening }) => opening.type === type);
      if (at !== -1) return this.#visits.splice(at, 1)[0]!;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** Lets somebody join. */
  async letJoin(): Promise<Visit> {
    const visit = await this.visit("join");
    await visit.exchange.send({ type: "joined", people: 0, names: [] });
    return visit;
  }

  /** Answers who is there. */
  async list(people: { name: string; keys: PublicKeys }[]): Promise<void> {
    const { exchange } = await this.visit("list");
    for (const { name, keys } of people) {
      await exchange.send({
        ...{ type: "person", name, state: "joined", since: 2 ** 53 - 1, waiting: 0 },
        keys: toBase64url(keys.bytes),
      });
    }
    await exchange.send({ type: "listed" });
  }

  /** Takes a relay to one person as far as its envelope, and says where that goes. */
  async takeRelay(): Promise<Visit & { relay: Message<"relay">; envelope: Message<"envelope"> }> {
    const visit = await this.visit("relay");
    const envelope = await visit.exchange.receive() as Message<"envelope">;
    const { to } = envelope;
    await visit.exchange.send({ type: "routed", to, state: "joined", until: null, reason: "" });
    return { ...visit, relay: visit.opening as Message<"relay">, envelope };
  }

  async [Symbol.asyncDispose]() {
    await this.#hub.close();
  }
}

/** A file that somebody has sealed for a receiver, as an honest sender would. */
export class SealedFile {
  readonly transfer = randomBytes(16).toString("hex");
  readonly salt = randomBytes(32);
  readonly content: Uint8Array;
  readonly #from: IdentityKeys;
  readonly #key = randomBytes(32).toString("base64url");
  readonly #name: string;

  readonly #created: number;

  /** Made now, or at `created`, in milliseconds since 1970. */
  constructor(
    from: IdentityKeys,
    { name, content, created = Date.now() }: {
      name: string;
      content: Uint8Array;
      created?: number;
    },
  ) {
    this.#from = from;
    this.#created = created;
    this.#name = name;
    this.content = content;
  }

  /** The envelope for the owner of a key. */
  async envelopeFor(receiver: PublicKeys): Promise<string> {
    const { transfer: _, ...offer } = OFFER;
    const changes = {
      name: this.#name,
      kind: "file",
      size: this.content.length,
      key: this.#key,
      created: this.#created,
    };
    const payload = JSON.stringify({ ...offer, ...changes });
    const sealed = await sealEnvelope(new TextEncoder().encode(payload), {
      purpose: PURPOSE.offer,
      transferId: Buffer.from(this.transfer, "hex"),
      sender: this.#from,
      receiver,
    });
    return Buffer.from(sealed).toString("base64url");
  }

  /** The sealed chunks of an attempt that begins at 0. */
  chunks(): Promise<Uint8Array[]> {
    const { transfer, salt } = this;
    return sealedChunks(this.content, { key: this.#key, transfer, salt, offset: 0 });
  }
}

/** What a hub may do to a delivery. */
export interface Tampering {
  from?: string;
  transfer?: string;
  sealed?: string;
  chunks?: (chunks: Uint8Array[]) => Uint8Array[];
  /** Says nothing after the answer, as a hub that dies there. */
  unsettled?: boolean;
}

/** Brings a file to somebody who is joined, and returns the answer, or what else came. */
export async function bring(
  { peer, session }: Pick<Visit, "peer" | "session">,
  file: SealedFile,
  { from = "ana", transfer = file.transfer, sealed, chunks = (all) => all, unsettled }: Tampering =
    {},
): Promise<Message> {
  // Sealed before: exchanges are opened in the order of their numbers, also where several are at once.
  const envelope = sealed ?? await file.envelopeFor(peer.keys);
  const exchange = session.open();
  try {
    await exchange.send({
      ...{ type: "delivery", transfer, from, size: file.content.length },
      ...{ sealed: envelope, ahead: false },
    });
    const reply = await exchange.receive();
    if (reply.type !== "accept") return await settled(exchange, reply, unsettled);
    const salt = file.salt.toString("base64url");
    await exchange.send({ type: "run", offset: 0, start: 0, salt });
    const writer = exchange.writable.getWriter();
    for (const chunk of chunks(await file.chunks())) {
      const buffer = new Uint8Array(DATA_HEADROOM_BYTES + chunk.length);
      buffer.set(chunk, DATA_HEADROOM_BYTES);
      await writer.write(handOver(buffer));
    }
    await writer.close();
    return await settled(exchange, await exchange.receive(), unsettled);
  } finally {
    exchange.end();
  }
}

async function settled(exchange: Exchange, reply: Message, unsettled = false): Promise<Message> {
  if (reply.type === "answer" && !unsettled) await exchange.send({ type: "settled" });
  return reply;
}
