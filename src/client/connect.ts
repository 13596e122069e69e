import { Backoff } from "../backoff.ts";
import { systemClock } from "../clock.ts";
import { P2pError } from "../errors.ts";
import { fingerprint } from "../secure/fingerprint.ts";
import type { Identity } from "../home/identity.ts";
import { sleep } from "../sleep.ts";
import { traceRetry } from "../trace.ts";
import { type Address, formatAddress } from "../transport/address.ts";
import type { Connection } from "../transport/connection.ts";
import type { Stalled } from "../transfer/events.ts";
import { STALLED_AFTER_MS } from "../transfer/stall_watch.ts";
import { dial } from "../transport/dial.ts";
import { Channel } from "../protocol/channel.ts";
import { initiate } from "../protocol/handshake.ts";
import { preloadProof } from "../protocol/prove_secret.ts";
import { type GivenName, type OnOpen, Session } from "../protocol/session.ts";
import { HubCheck, type HubCheckOptions } from "./hub_check.ts";
import { unansweredProof } from "./hub_refusals.ts";

const OPEN_WITHIN_MS = 30_000;

/**
 * A crowded hub closes handshakes that take long, so that others get in (SPEC.md §12): they come
 * again a little later.
 */
const TRIES = 4;
const PAUSES = { firstMs: 250, longestMs: 1_000 };

/** Options of {@link connect}. */
export interface ConnectOptions extends Omit<HubCheckOptions, "address"> {
  identity: Identity;
  /** The peer name that this person goes by. */
  name: string;
  /** False where the hub may give another one. */
  isNameChosen: boolean;
  /** Called where the hub has not answered for a while. */
  onStalled?: (stall: Stalled) => void;
  onOpen?: OnOpen | undefined;
  /** Called with each session as soon as something may be sent over it. */
  onOpened?: ((opened: Opened) => void) | undefined;
  signal: AbortSignal;
}

/** A session with a hub that is the right one, and may not take us yet. */
export interface Opened {
  session: Session;
  fingerprint: string;
  /** The features that the hub has beyond those of every one (SPEC.md §21). */
  features: readonly string[];
}

/** A session with a hub that has taken us, and the hub's name. */
export interface Connected extends Opened {
  name: string;
  /** The name that we go by in this session. */
  you: GivenName;
}

/**
 * Dials, shakes hands, checks the key against the pin, and waits for the welcome (SPEC.md §2 to
 * §4). Throws `P2pError`: "connection" where there is no hub, {@link UnknownHub} and {@link
 * SecretWanted} where a person has to be asked, "refused" for a key that changed, and where the hub
 * refuses.
 */
export async function connect(address: Address, options: ConnectOptions): Promise<Connected> {
  const { signal } = options;
  const check = await HubCheck.of({ ...options, address });
  if (check.hasSecret) preloadProof();
  using _ = systemClock.after(STALLED_AFTER_MS, () => {
    const waitsFor = `no answer from ${formatAddress(address)} yet`;
    options.onStalled?.({ event: "stalled", seconds: STALLED_AFTER_MS / 1000, waitsFor });
  });
  const until = performance.now() + OPEN_WITHIN_MS;
  const pauses = new Backoff(PAUSES);
  for (let tries = 1;; tries++) {
    const conn = await dial(address, options);
    try {
      return await within(until, signal, open(conn, { address, check, options }));
    } catch (error) {
      conn.close();
      if (!isLost(error)) throw error;
      if (check.isGuessOpen) throw unansweredProof(formatAddress(address), error);
      const pause = pauses.next() * (0.5 + Math.random());
      if (tries === TRIES || performance.now() + pause > until) throw notConnected(address, error);
      traceRetry("dialling again", { why: error.code, pauseMs: pause });
      await sleep(pause, signal);
    }
  }
}

/** True for a lost connection that is worth redialling. */
function isLost(error: unknown): error is P2pError {
  return error instanceof P2pError && error.code === "connection" && error.retry;
}

function notConnected(address: Address, cause: P2pError): P2pError {
  const { detail, hint = "run the same line again" } = cause;
  const message = `cannot connect to ${formatAddress(address)}: ${cause.message}`;
  return new P2pError("connection", message, { hint, detail, cause });
}

async function open(
  conn: Connection,
  { address, check, options }: { address: Address; check: HubCheck; options: ConnectOptions },
): Promise<Connected> {
  const { identity: { keyPair }, name, isNameChosen, onOpen, onOpened } = options;
  const handshake = await initiate(conn, {
    ...{ keyPair, name, isNameChosen },
    checkKey: (id, auth) => check.check(id, auth),
    onProof: () => check.proving(),
  });
  const session = new Session(new Channel(conn, handshake), { initiator: true, onOpen });
  const { features, remote } = handshake;
  const opened = { session, fingerprint: fingerprint(remote.id), features };
  if (check.isPinned) onOpened?.(opened);
  const { proof } = await handshake.end;
  if (typeof proof === "object") return await refused(session, { address, ...proof });
  const isNew = !check.isPinned;
  if (proof === "secret") await check.proved(handshake);
  if (isNew) onOpened?.(opened);
  const hub = { name: await session.welcomed };
  return { ...opened, ...hub, you: session.given ?? { name, owned: false } };
}

/** Throws what the hub's `goodbye` says. */
async function refused(
  { welcomed }: Session,
  { address, isWrong = false }: { address: Address; isWrong?: boolean | undefined },
): Promise<never> {
  const reason = await welcomed.catch((error) => error.message);
  const message = `cannot connect to ${formatAddress(address)}: ${reason}`;
  if (!isWrong) throw new P2pError("refused", message);
  throw new P2pError("refused", message, {
    hint: "ask whoever runs the hub for its secret",
    detail: "wrong-secret",
  });
}

function noAnswer(): P2pError {
  const message = `no answer within ${OPEN_WITHIN_MS / 1000} s`;
  return new P2pError("connection", message, {
    hint: "it takes connections: look whether that is a hub, or whether a network or VPN on the " +
      "way drops large packets (MTU)",
    retry: true,
    detail: "no-answer",
  });
}

/** The result of `work`, which has to come before `until`, by `performance.now()`. */
async function within<T>(until: number, signal: AbortSignal, work: Promise<T>): Promise<T> {
  work.catch(() => {});
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(noAnswer()),
    until - performance.now(),
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
