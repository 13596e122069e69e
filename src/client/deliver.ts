import { isAbsolute } from "node:path";
import { encodeKey } from "../secure/static_key.ts";
import { asP2pError, P2pError } from "../errors.ts";
import { sleep } from "../sleep.ts";
import type { Session } from "../protocol/session.ts";
import type { KeyPair } from "../secure/x25519.ts";
import type { Delivered, Report, Stored } from "../transfer/events.ts";
import type { Done, OutgoingKey, OutgoingTransfers } from "../home/outgoing.ts";
import {
  type PersonOutcome,
  type Recipient,
  relayTransfer,
  type WaitFor,
} from "../transfer/relay_send.ts";
import { type SentTransfer, SentTransfers } from "../home/sent.ts";
import { sendTransfer } from "../transfer/send.ts";
import type { LeftOut, Source } from "../transfer/source/source.ts";

/** Transfers of one run that are under way at once: enough to hide the round trips of small files. */
const AT_ONCE = 4;

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;

/** Stands for the stamp of what cannot be read again in another run. */
const runId = crypto.randomUUID();

/** One thing to send: what to call it in messages, its path for the outbox, and how to open it. */
export interface Item {
  label: string;
  path: string;
  open: () => Promise<Source>;
  /** People who have an outcome already. */
  told?: Set<string>;
}

/** What became of an item. */
export interface Outcome {
  item: Item;
  /** The id, where it got as far as that. */
  transfer?: string | undefined;
  /** Which person it is about, where it went to people. */
  to?: string;
  delivered?: Delivered;
  stored?: Stored;
  error?: P2pError;
  /** What a folder held and could not be sent. */
  leftOut?: readonly LeftOut[];
}

/** How a run of items is delivered. */
export interface DeliverOptions {
  /** Opens a session with the hub; called again after a cut. `recipients` are people to send to, else it is the hub. */
  connect: () => Promise<Connected>;
  /** Who sends. */
  keyPair: KeyPair;
  wait?: WaitFor;
  /** The hub's address, for the outbox. */
  to: string;
  outbox: OutgoingTransfers;
  /** Remembers what goes to people. */
  sent: SentTransfers;
  /** Start over, even where a part is at the receiver. */
  fresh: boolean;
  /** How long to try to reconnect after a cut, in ms. */
  giveUpMs: number;
  limit?: number | undefined;
  report: Report;
  /** Is told of a cut and the pause in ms until the next try. */
  onReconnect: (error: P2pError, pauseMs: number) => void;
  onOutcome: (outcome: Outcome) => void;
  signal: AbortSignal;
}

/**
 * Sends all items, {@link AT_ONCE} at a time, over one session; after a cut it reconnects with growing pauses and goes
 * on where it stopped. Every item gets one outcome. Throws only where the first connection fails, or is interrupted.
 */
export async function deliver(items: Item[], options: DeliverOptions): Promise<void> {
  const waiting = [...items];
  let connected = await options.connect();
  let failed = false;
  const onOutcome = (outcome: Outcome) => {
    failed ||= outcome.error !== undefined;
    options.onOutcome(outcome);
  };
  try {
    for (let pause = FIRST_PAUSE_MS, cutAt = 0;; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      let moved = cutAt === 0;
      const report: Report = (event) => {
        moved ||= event.event === "progress";
        options.report(event);
      };
      const cut = await sendAll(waiting, { ...options, ...connected, report, onOutcome });
      if (cut === undefined) return failed ? undefined : await options.outbox.clear();
      connected.session.abort();
      // What moves is not to be given up, however often it is cut.
      if (moved) [cutAt, pause] = [performance.now(), FIRST_PAUSE_MS];
      const next = await reconnect(cut, { options, pause, until: cutAt + options.giveUpMs });
      if (next instanceof P2pError) return giveUp(waiting, next, { ...options, ...connected });
      connected = next;
    }
  } finally {
    await connected.session.goodbye("bye", "that is all");
  }
}

/** A session with a hub, and people to send to there; without them it is the hub. */
interface Connected {
  session: Session;
  name: string;
  /** The hub's. */
  fingerprint: string;
  recipients?: Recipient[];
}

/** Works `waiting` off from the front; returns the error of a lost connection, with what is not done back in front. */
async function sendAll(
  waiting: Item[],
  options: DeliverOptions & Connected,
): Promise<P2pError | undefined> {
  const undone: Item[] = [];
  let cut: P2pError | undefined;
  const worker = async () => {
    for (let item; cut === undefined && (item = waiting.shift());) {
      const error = await sendItem(item, options);
      if (error === undefined) continue;
      cut = error;
      undone.push(item);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  options.signal.throwIfAborted();
  waiting.unshift(...undone);
  return cut;
}

/** Sends one item and tells its outcome; returns the error where the session is of no more use. */
async function sendItem(
  item: Item,
  options: DeliverOptions & Connected,
): Promise<P2pError | undefined> {
  const { outbox, fresh, onOutcome } = options;
  let source: Source | undefined;
  let transfer: string | undefined;
  try {
    source = await item.open();
    const { name: as, stamp, leftOut } = source;
    const key = { to: destination(options), path: item.path, as, stamp: stamp ?? runId };
    const entry = await outbox.open(key, { fresh });
    transfer = entry.transfer;
    const sending = { source, transfer, begun: entry.begun, key, leftOut, options };
    if (entry.done !== undefined) tellAgain(item, entry.done, sending);
    else if (options.recipients === undefined) await sendToHub(item, sending);
    else await sendToPeople(item, sending);
  } catch (failure) {
    const error = asP2pError(failure);
    const isCut = error.code === "connection" || error.code === "protocol";
    // What could not even be opened is no fault of the session, and another one would not help.
    if (isCut && source !== undefined) return error;
    onOutcome({ item, transfer, error });
  } finally {
    await source?.close();
  }
}

interface Sending {
  source: Source;
  transfer: string;
  begun: boolean;
  key: OutgoingKey;
  leftOut: readonly LeftOut[];
  options: DeliverOptions & Connected;
}

/** What an earlier run of this line has done already. */
function tellAgain(item: Item, done: Done[], { transfer, leftOut, options }: Sending) {
  for (const { delivered, ...outcome } of done) {
    const already = delivered && { delivered: { ...delivered, already: true as const } };
    options.onOutcome({ item, transfer, ...outcome, ...already, leftOut });
  }
}

async function sendToHub(item: Item, { source, transfer, begun, key, leftOut, options }: Sending) {
  const { session, name: to, report, limit, signal, outbox, onOutcome } = options;
  const onReceipt = (delivered: Delivered) => outbox.finish(key, [{ delivered }]);
  const delivered = await sendTransfer(session, source, {
    ...{ transfer, begun, to, report, onReceipt, limit, signal },
  });
  onOutcome({ item, transfer, delivered, leftOut });
}

/** One outcome for each person; who had one before a cut gets no second one. */
async function sendToPeople(item: Item, { source, transfer, key, leftOut, options }: Sending) {
  await options.sent.record(sentTransfer(item, { source, transfer, options }));
  const { session, keyPair, wait, report, limit, signal } = options;
  const told = item.told ??= new Set();
  const outcomes: PersonOutcome[] = [];
  const onOutcome = (outcome: PersonOutcome) => {
    outcomes.push(outcome);
    if (told.has(outcome.to)) return;
    options.onOutcome({ item, transfer, ...outcome, ...(told.size === 0 ? { leftOut } : {}) });
    told.add(outcome.to);
  };
  const recipients = options.recipients!;
  await relayTransfer(session, source, {
    transfer,
    keyPair,
    recipients,
    wait,
    report,
    limit,
    signal,
    onOutcome,
  });
  // Where somebody did not take it, it will not go on: another run begins anew.
  const isDone = outcomes.every(({ error }) => error === undefined);
  await (isDone ? options.outbox.finish(key, outcomes) : options.outbox.remove(key));
}

function sentTransfer(
  { path }: Item,
  { source, transfer, options }: Pick<Sending, "source" | "transfer" | "options">,
): SentTransfer {
  const { name, stamp: identity, size } = source;
  const recipients = options.recipients!.map(({ name, key }) => ({
    name,
    key: encodeKey(key),
  }));
  const file = isAbsolute(path) ? path : null;
  return { transfer, hub: options.fingerprint, name, path: file, identity, size, recipients };
}

/** The same file for other people is another transfer. */
function destination({ to, recipients }: DeliverOptions & Connected): string {
  return JSON.stringify([to, recipients?.map(({ name }) => name).sort() ?? null]);
}

async function reconnect(
  cut: P2pError,
  { options, pause, until }: { options: DeliverOptions; pause: number; until: number },
): Promise<Connected | P2pError> {
  for (let error = cut;; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    if (error.code !== "connection" || performance.now() + pause > until) return error;
    options.onReconnect(error, pause);
    await sleep(pause, options.signal);
    try {
      return await options.connect();
    } catch (failure) {
      options.signal.throwIfAborted();
      error = asP2pError(failure);
    }
  }
}

/** Where items go to people, each is named who has not been told of. */
function giveUp(
  waiting: Item[],
  error: P2pError,
  { onOutcome, recipients }: DeliverOptions & Connected,
) {
  for (const item of waiting) {
    if (recipients === undefined) onOutcome({ item, error });
    for (const { name: to } of recipients ?? []) {
      if (!item.told?.has(to)) onOutcome({ item, to, error });
    }
  }
}
