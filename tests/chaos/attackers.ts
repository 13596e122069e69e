import { Buffer } from "node:buffer";
import type { Message } from "../../src/protocol/messages.ts";
import { type IdentityKeys, identityKeys } from "../../src/secure/identity_keys.ts";
import { chunkOf } from "../helpers/chunks.ts";
import { HandshakeFlood } from "../helpers/handshake_flood.ts";
import { RawPeer } from "../helpers/raw_peer.ts";

const LONG_TEXT = "A".repeat(8_192);
const BYTES = new Uint8Array(400_000);

/** Sessions that one attacker keeps open, and connections that say nothing. */
const CROWD = 300;
const IDLE = 200;

/** One attempt of an attacker; `keys` are the same each time. */
type Attack = (port: number, keys: IdentityKeys) => Promise<void>;

/** What strangers do to a hub over and over, each in its own way. */
const ATTACKS: Record<string, Attack> = {
  "relays with long envelopes and no content": async (port, keyPair) => {
    const names = Array.from({ length: 16 }, (_, i) => `name ${i}`);
    for (const name of names) {
      using person = await RawPeer.connect(port, { name, keyPair });
      await person.send({ type: "join", exchange: 1 });
      await until(person, ["joined", "refuse", "cancel"]);
    }
    using peer = await RawPeer.connect(port, { keyPair });
    for (let i = 0; i < 50; i++) {
      const exchange = 2 * i + 1;
      const { transfer } = peer.offerOf(0);
      await peer.send({ type: "relay", exchange, transfer, size: 0, receivers: names.length });
      for (const to of names) {
        await peer.send({ type: "envelope", exchange, to, sealed: LONG_TEXT });
      }
      await until(peer, ["accept", "refuse", "cancel"]);
    }
  },
  "uploads that are cut off before their end": async (port, keyPair) => {
    using peer = await RawPeer.connect(port, { keyPair });
    const offer = peer.offerOf(BYTES.length);
    await peer.send(offer);
    if ((await peer.answer())?.type !== "accept") return;
    await peer.attempt(offer, BYTES, { tamper: (chunks) => chunks.slice(0, -1) });
  },
  "offers of all the room that never begin": async (port, keyPair) => {
    using peer = await RawPeer.connect(port, { keyPair });
    for (let i = 0; i < 16; i++) await peer.send(peer.offerOf(5_000_000));
    for (let i = 0; i < 16; i++) await peer.answer();
  },
  "small files by a new key each time": async (port) => {
    using peer = await RawPeer.connect(port, { keyPair: await identityKeys() });
    await peer.deliver(BYTES, { name: "fills" });
  },
  "folders of nothing but headers": async (port, keyPair) => {
    using peer = await RawPeer.connect(port, { keyPair });
    await peer.deliver(paddedArchive(70), { folder: true, name: "padded", size: 0, files: 70 });
  },
  "sessions of one key": async (port, keyPair) => {
    const peers = await Promise.all(
      Array.from({ length: CROWD }, () => RawPeer.connect(port, { keyPair }).catch(() => {})),
    );
    for (const peer of peers) peer?.[Symbol.dispose]();
  },
  "people who come and go": async (port, keyPair) => {
    using peer = await RawPeer.connect(port, { name: "in and out", keyPair });
    await peer.send({ type: "join", exchange: 1 });
    await until(peer, ["joined", "refuse", "cancel"]);
  },
  "chunks that nobody asked for": async (port, keyPair) => {
    using peer = await RawPeer.connect(port, { keyPair });
    await peer.send({
      type: "relay",
      exchange: 1,
      transfer: "ab".repeat(16),
      size: 0,
      receivers: 1,
    });
    for (let i = 0; i < 15; i++) await peer.sendData(1, chunkOf());
    await peer.answer();
  },
  "codes that are asked for and guessed": async (port, keyPair) => {
    using peer = await RawPeer.connect(port, { keyPair });
    for (let i = 0; i < 8; i++) {
      await peer.send({ type: "nameplate", exchange: 4 * i + 1 });
      await peer.send({ type: "claim", exchange: 4 * i + 3, nameplate: 100 + i });
      await peer.send({ type: "pair", exchange: 4 * i + 3, body: LONG_TEXT.slice(0, 64) });
    }
    await until(peer, ["refuse", "goodbye"]);
  },
  "connections that say nothing": async (port) => {
    const conns = await Promise.all(
      Array.from({ length: IDLE }, () => Deno.connect({ hostname: "127.0.0.1", port })),
    );
    await pause(1_000);
    for (const conn of conns) conn.close();
  },
  "hellos that are no hellos": async (port) => {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await conn.write(Buffer.from("P2P nonsense for as long as anybody reads it"));
    await conn.read(new Uint8Array(16));
  },
};

/** All attackers of {@link ATTACKS}, and a flood of first messages, from 127.0.0.1 until they are disposed of. */
export class Attackers implements AsyncDisposable {
  /** How often each has tried. */
  readonly tries: Record<string, number> = {};
  readonly #loops: Promise<void>[];
  readonly #flood: HandshakeFlood;
  #isOver = false;

  static async start(port: number): Promise<Attackers> {
    return new Attackers(port, await HandshakeFlood.start(port, { loops: 4 }));
  }

  private constructor(port: number, flood: HandshakeFlood) {
    this.#flood = flood;
    this.#loops = Object.keys(ATTACKS).map((name) => this.#run(name, port));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#flood[Symbol.asyncDispose]();
    this.tries["first messages"] = this.#flood.answered;
    await Promise.all(this.#loops);
  }

  async #run(name: string, port: number): Promise<void> {
    const keys = await identityKeys();
    this.tries[name] = 0;
    while (!this.#isOver) {
      await ATTACKS[name]!(port, keys).catch(() => pause(50)); // The hub has had enough.
      this.tries[name]++;
    }
  }
}

/** Reads up to one of these types, or to the end. */
async function until(peer: RawPeer, types: Message["type"][]): Promise<void> {
  for (let message; (message = await peer.receive()) !== undefined;) {
    if (types.includes(message.type)) return;
  }
}

/** An archive of so many files with nothing in them but headers of 16 KB (SPEC.md §10). */
function paddedArchive(entries: number): Uint8Array {
  const padding = "x".repeat(16_000);
  const pieces = Array.from({ length: entries }, (_, i) => {
    const header = { path: [`${i}`], folder: false, modified: 0, size: 0, kind: "file", padding };
    const bytes = Buffer.from(JSON.stringify({ ...header, executable: false }));
    return [Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes, Buffer.alloc(33)];
  });
  return Buffer.concat([...pieces.flat(), Buffer.alloc(2)]);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
