import { asP2pError, P2pError } from "../errors.ts";
import { Notify } from "../notify.ts";
import { Channel } from "../protocol/channel.ts";
import { WRONG_SECRET } from "../protocol/prove_secret.ts";
import { accept, type Pace, type SecretCheck } from "../protocol/handshake.ts";
import { checkedPeerName } from "../names/peer_name.ts";
import { preloadProof } from "../protocol/prove_secret.ts";
import { type GivenName, type OnOpen, Session } from "../protocol/session.ts";
import { codeName } from "../secure/code.ts";
import type { IdentityKeys, PublicKeys } from "../secure/identity_keys.ts";
import { encodeKey, type KeyText } from "../secure/static_key.ts";
import type { Connection } from "../transport/connection.ts";
import { TcpConnection } from "../transport/tcp_connection.ts";
import { Admission } from "./admission.ts";
import { Connections, MAX_SESSIONS_OF_KEY } from "./connections.ts";
import { FailureLimit, networkOf, tooMany } from "./failure_limit.ts";

/** Keys that are remembered to have proved the secret: more than come in at once. */
const MAX_PROVED = 10_000;

const TOO_MANY_SESSIONS =
  `${MAX_SESSIONS_OF_KEY} sessions of your key are open here, and more are not taken`;

/** After an accept that failed (too many open files, say), before the next one. */
const ACCEPT_PAUSE_MS = 100;

/** Connections that may be there at once: those of people, and a thousand that have not come in. */
const MAX_CONNECTIONS = 4_096;

/** Files that stay free for transfers where the system's limit of open files is met. */
const RESERVED_FILES = 24;

/** A peer that has come in: its id, the keys that this names, and its name. */
export interface Peer {
  key: Uint8Array;
  keys: PublicKeys;
  name: string;
  /** What it shares with its neighbours: see `networkOf`. */
  network?: string;
}

/** Options of a {@link Hub}. */
export interface HubOptions {
  /** What it accepts connections from, the one that it is found at first. */
  listeners: readonly [Deno.TcpListener, ...Deno.TcpListener[]];
  keyPair: IdentityKeys;
  /** The name that the hub shows. */
  name: string;
  /** A secret that whoever connects has to prove. */
  secret?: string | undefined;
  /** The name of a peer that comes without one; `called` is what its machine is called, unchecked. */
  nameFor?: (key: Uint8Array, called: string) => Promise<GivenName>;
  /** Gives the reason for which a peer may not come in; undefined where it may. */
  refusePeer?: (peer: Peer) => Promise<string | undefined>;
  /** For one more one of those that crowd the hub goes, or it waits. */
  maxConnections?: number;
  /** Takes what one peer opens; `address` is where it comes from. */
  onOpen: (peer: Peer, address: string) => OnOpen;
  /** Called with the failure of one connection; the hub goes on. */
  onError?: (address: string, error: P2pError) => void;
}

/** Accepts connections and keeps a session with each peer that comes in. */
export class Hub {
  readonly address: Deno.NetAddr;
  #options: HubOptions;
  #admission = new Admission();
  #wrongSecrets = new FailureLimit();
  /** Keys that have proved the secret, the one that did so last at the end. */
  #proved = new Set<KeyText>();
  #sessions = new Set<Session>();
  #connections = new Connections();
  #limit: number;
  #closed = false;
  #accepting: Promise<unknown>;
  readonly #roomChanged = new Notify();

  constructor(options: HubOptions) {
    this.#options = options;
    this.#limit = this.#most;
    if (options.secret !== undefined) preloadProof();
    this.address = options.listeners[0].addr as Deno.NetAddr;
    this.#accepting = Promise.all(options.listeners.map((one) => this.#acceptAll(one)));
  }

  /** Takes no more connections, tells every peer, and closes once that has left. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const listener of this.#options.listeners) listener.close();
    this.#roomChanged.notify();
    this.#admission.close();
    await Promise.all([...this.#sessions].map(async (session) => {
      await session.goodbye("shutdown", "the hub is stopping");
      await session.closed.catch(() => {}); // Reported where it was opened.
    }));
    await this.#accepting;
  }

  get #most(): number {
    return this.#options.maxConnections ?? MAX_CONNECTIONS;
  }

  async #acceptAll(listener: Deno.TcpListener) {
    while (!this.#closed) {
      try {
        const conn = new TcpConnection(await listener.accept());
        if (this.#closed) return conn.close();
        this.#enter(conn);
        await this.#belowLimit();
      } catch (error) {
        if (this.#closed) return;
        await this.#rest(error as Error);
      }
    }
  }

  /**
   * A pause. Where no file was left: fewer connections from now on, so that transfers find some.
   */
  async #rest(error: Error & { code?: string }) {
    const { size } = this.#connections;
    if (error.code === "EMFILE" || error.code === "ENFILE") {
      this.#limit = Math.max(1, size / 2, size - RESERVED_FILES);
    }
    this.#options.onError?.(
      "",
      new P2pError("unexpected", `cannot accept a connection: ${error.message}`),
    );
    await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE_MS));
    await this.#belowLimit();
  }

  /** Makes room for one more: who crowds the hub goes, else it waits until somebody does. */
  async #belowLimit() {
    while (this.#connections.size >= this.#limit && !this.#closed) {
      const crowding = this.#connections.mostCrowding();
      if (crowding !== undefined) this.#drop(crowding);
      else await this.#roomChanged.wait();
    }
  }

  #enter(conn: Connection) {
    const { host: address } = conn.remoteAddress;
    this.#connections.add(conn, networkOf(address));
    this.#admission.enter({
      network: networkOf(address),
      open: (pace) => this.#open(conn, { address, pace }),
      close: () => this.#drop(conn),
    });
  }

  async #open(conn: Connection, { address, pace }: { address: string; pace: Pace }) {
    try {
      const session = await this.#openSession(conn, { address, pace });
      this.#sessions.add(session);
      session.closed.catch((error) => this.#trouble(address, error)).finally(() => {
        this.#sessions.delete(session);
        this.#drop(conn);
      });
    } catch (error) {
      this.#trouble(address, error);
      this.#drop(conn);
    }
  }

  async #openSession(
    conn: Connection,
    { address, pace }: { address: string; pace: Pace },
  ): Promise<Session> {
    const { keyPair } = this.#options;
    const handshake = await accept(conn, { keyPair, check: this.#check(address), pace });
    const { remote, remoteName, called } = handshake;
    const { proof } = await handshake.end;
    const given = remoteName === null ? await this.#nameFor(remote.id, called) : undefined;
    const name = given?.name ?? String(remoteName);
    const peer = { key: remote.id, keys: remote, name, network: networkOf(address) };
    // Before anything of the session is read.
    const hasRoom = this.#connections.belongsTo(conn, encodeKey(peer.key));
    const refusal = typeof proof === "object"
      ? proof.refusal
      : hasRoom
      ? await this.#refusal(peer)
      : TOO_MANY_SESSIONS;
    const session = new Session(new Channel(conn, handshake), {
      initiator: false,
      peer: peer.name,
      onOpen: refusal === undefined ? this.#options.onOpen(peer, address) : undefined,
    });
    if (refusal !== undefined) {
      await session.goodbye("refused", refusal);
      await session.closed.catch(() => {}); // The refusal is the error that counts.
      throw new P2pError("refused", refusal);
    }
    await session.welcome(this.#options.name, given);
    return session;
  }

  async #nameFor(key: Uint8Array, called: string): Promise<GivenName> {
    return await this.#options.nameFor?.(key, called) ?? { name: codeName(key), owned: false };
  }

  /** The check of the secret for a peer at `address`; undefined where there is none. */
  #check(address: string): SecretCheck | undefined {
    const { secret } = this.#options;
    return secret === undefined ? undefined : {
      secret,
      attempt: async (run, id) => {
        const key = encodeKey(id);
        // Who has known it is not kept out by what others of that network guess.
        const guesser = this.#proved.has(key) ? key : networkOf(address);
        const right = await this.#wrongSecrets.attempt(guesser, run);
        if (typeof right === "number") return tooMany("secrets", right);
        if (!right) return WRONG_SECRET;
        this.#noteProved(key);
      },
    };
  }

  #noteProved(key: KeyText) {
    this.#proved.delete(key);
    this.#proved.add(key);
    const [oldest] = this.#proved;
    if (this.#proved.size > MAX_PROVED) this.#proved.delete(oldest!);
  }

  async #refusal(peer: Peer): Promise<string | undefined> {
    try {
      peer.name = checkedPeerName(peer.name);
    } catch (error) {
      return (error as Error).message;
    }
    return await this.#options.refusePeer?.(peer);
  }

  #drop(conn: Connection) {
    this.#connections.delete(conn);
    if (this.#connections.size < this.#limit / 2) this.#limit = this.#most;
    this.#roomChanged.notify();
    conn.close();
  }

  /** A peer that goes without a word is no trouble: its transfers say what became of them. */
  #trouble(address: string, error: unknown) {
    const failure = asP2pError(error);
    if (failure.code !== "connection") this.#options.onError?.(address, failure);
  }
}
