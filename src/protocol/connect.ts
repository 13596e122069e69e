import { Buffer } from "node:buffer";
import { P2pError } from "../errors.ts";
import { fingerprint } from "../secure/fingerprint.ts";
import type { Identity } from "../secure/identity.ts";
import { knownHubsPath, pinKey, pinnedKey } from "../secure/known_hubs.ts";
import { type Address, formatAddress, isLoopback } from "../transport/address.ts";
import { dial } from "../transport/dial.ts";
import { Channel } from "./channel.ts";
import { initiate } from "./handshake.ts";
import { type OnOpen, Session } from "./session.ts";

const OPEN_WITHIN_MS = 10_000;

/** How to connect to a hub. */
export interface ConnectOptions {
  identity: Identity;
  /** Who we say we are, a peer name. */
  name: string;
  /** The folder with the pinned keys. */
  home: string;
  /** Decides about a key that is met for the first time, beyond loopback. */
  trustNew: (fingerprint: string) => Promise<boolean>;
  /** Is told that a loopback key was pinned without asking. */
  onPinned?: (fingerprint: string) => void;
  onOpen?: OnOpen;
  signal: AbortSignal;
}

/** A session with a hub that has taken us, and who that is. */
export interface Connected {
  session: Session;
  name: string;
  fingerprint: string;
}

/**
 * Dials, shakes hands, checks the key against the pin, and waits for the welcome (SPEC.md §2 to §4). Throws `P2pError`:
 * "connection" where nobody answers, "refused" for a key that changed or is not trusted, and where the hub refuses.
 */
export async function connect(address: Address, options: ConnectOptions): Promise<Connected> {
  try {
    return await connectOnce(address, options);
  } catch (error) {
    if (!(error instanceof UnknownKey)) throw error;
    // The connection is closed by now: a person takes longer than a hub waits.
    await askToTrust(error.key, address, options);
    return await connect(address, options);
  }
}

/** The acceptor's key is met for the first time, and somebody has to be asked. */
class UnknownKey extends Error {
  readonly key: Uint8Array;

  constructor(key: Uint8Array) {
    super("the key is not known");
    this.key = key;
  }
}

async function connectOnce(address: Address, options: ConnectOptions): Promise<Connected> {
  const conn = await dial(address, options);
  try {
    return await within(OPEN_WITHIN_MS, options.signal, open(conn, address, options));
  } catch (error) {
    closeQuietly(conn);
    throw error instanceof P2pError || error instanceof UnknownKey ? error : new P2pError(
      "connection",
      `cannot connect to ${formatAddress(address)}: the connection was lost`,
      { cause: error },
    );
  }
}

async function open(
  conn: Deno.TcpConn,
  address: Address,
  options: ConnectOptions,
): Promise<Connected> {
  const { identity: { keyPair }, name, onOpen } = options;
  const handshake = await initiate(conn, {
    keyPair,
    name,
    checkKey: (key) => checkPin(key, address, options),
  });
  const session = new Session(new Channel(conn, handshake), { initiator: true, onOpen });
  return { session, name: await session.welcomed, fingerprint: fingerprint(handshake.remoteKey) };
}

/** Compares with the pin; at first contact pins on loopback (SPEC.md §4). */
async function checkPin(key: Uint8Array, address: Address, { home, onPinned }: ConnectOptions) {
  const where = formatAddress(address);
  const pinned = await pinnedKey(home, where);
  if (pinned !== undefined) {
    if (!Buffer.from(pinned).equals(key)) throw keyChanged(where, { was: pinned, is: key, home });
    return;
  }
  if (!isLoopback(address.host)) throw new UnknownKey(key);
  await pinKey(home, where, key);
  onPinned?.(fingerprint(key));
}

async function askToTrust(key: Uint8Array, address: Address, { home, trustNew }: ConnectOptions) {
  const where = formatAddress(address);
  const shown = fingerprint(key);
  if (!await trustNew(shown)) throw notTrusted(where, shown);
  await pinKey(home, where, key);
}

function notTrusted(where: string, shown: string): P2pError {
  return new P2pError("refused", `the hub at ${where} is not known: its fingerprint is ${shown}`, {
    hint:
      "compare that with what `p2p serve` shows there, then run the line again with --trust-new",
  });
}

function keyChanged(
  where: string,
  { was, is, home }: { was: Uint8Array; is: Uint8Array; home: string },
) {
  const change = `it was ${fingerprint(was)}, it is ${fingerprint(is)}`;
  return new P2pError("refused", `the key of the hub at ${where} has changed: ${change}`, {
    hint: `somebody may be in between. If the change is right, remove the line of ${where} from "${
      knownHubsPath(home)
    }"`,
  });
}

async function within<T>(ms: number, signal: AbortSignal, work: Promise<T>): Promise<T> {
  work.catch(() => {});
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new P2pError("connection", `no answer within ${ms / 1000} s`)),
    ms,
  );
  const onAbort = () => late.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

function closeQuietly(conn: Deno.TcpConn) {
  try {
    conn.close();
  } catch {
    // Closed already.
  }
}
