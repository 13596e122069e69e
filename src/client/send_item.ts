import { isAbsolute } from "node:path";
import { asP2pError, type P2pError } from "../errors.ts";
import type { Done, OutgoingEntry, OutgoingKey, OutgoingTransfers } from "../home/outgoing.ts";
import type { DeliveredContent } from "../home/delivered_content.ts";
import type { RelayKeys } from "../home/relay_keys.ts";
import type { SentTransfer, SentTransfers } from "../home/sent.ts";
import { StorageError } from "../storage/storage_error.ts";
import type { Batch } from "../protocol/messages.ts";
import { fingerprint } from "../secure/fingerprint.ts";
import { encodeKey } from "../secure/static_key.ts";
import type { IdentityKeys } from "../secure/identity_keys.ts";
import type { Delivered, Report } from "../transfer/events.ts";
import { sendTransfer } from "../transfer/send/direct_send.ts";
import type {
  PersonOutcome,
  Recipient,
  WaitFor,
  WaitingPatience,
} from "../transfer/send/relay_outcomes.ts";
import type { Source } from "../transfer/source/source.ts";
import type { ItemOutcome } from "./client_event.ts";
import type { Opened } from "./connect.ts";
import type { Item } from "./items.ts";
import { unlessBusy } from "./patience.ts";

/** Stands for the stamp of what cannot be read again in another run of the program. */
const runId = crypto.randomUUID();

/** The session that an item is sent over, and how. */
export interface SendItemOptions {
  opened: Opened;
  /** The hub's name, once it has taken us. */
  hubName: Promise<string>;
  /** People to send to; undefined for the hub itself. */
  recipients: Recipient[] | undefined;
  /** The sender's. */
  keyPair: IdentityKeys;
  /** The hub's address, `host:port`. */
  hub: string;
  outgoing: OutgoingTransfers;
  sent: SentTransfers;
  relayKeys: RelayKeys;
  delivered: DeliveredContent;
  /** Starts over, even where a part is at the receiver. */
  restart: boolean;
  wait: WaitFor;
  /** The time for which a hub that has no place is asked again, in milliseconds. */
  giveUpMs: number;
  /** What the item is sent together with. */
  batch: Batch | undefined;
  /** How who is away is waited for, where `wait` says so. */
  patience?: WaitingPatience;
  /** Bytes a second. */
  limit: number | undefined;
  report: Report;
  /**
   * Takes the outcome for the hub, or one for each person; after a cut again also for those who had
   * one.
   */
  onOutcome: (outcome: ItemOutcome) => void;
  signal: AbortSignal;
}

/**
 * Sends one item and reports what becomes of it; gives the error where the session is of no more
 * use.
 */
export async function sendItem(
  item: Item,
  options: SendItemOptions,
): Promise<P2pError | undefined> {
  const { onOutcome } = options;
  let source: Source | undefined;
  let transferId: string | undefined;
  try {
    source = await item.open();
    const key = keyOf(source, { item, options });
    const { transfer, done, ...entry } = await openTransfer(key, source, options);
    transferId = transfer;
    const sending = { item, source, transferId, ...entry, key, options };
    if (done !== undefined) await reportAgain(done, sending);
    else await unlessBusy(() => sendOver(sending), options);
  } catch (failure) {
    const error = asP2pError(failure);
    const isCut = ["connection", "protocol"].includes(error.code) ||
      options.opened.session.isTurnedAway;
    // What could not even be opened is no fault of the session, and another one would not help.
    if (isCut && source !== undefined) return error;
    if (isChanged(failure) && transferId !== undefined) await options.relayKeys.erase(transferId);
    onOutcome({ item, transferId, error });
  } finally {
    await source?.close();
  }
}

/** True where the source is no longer what was offered, so that nobody gets the rest of it. */
function isChanged(failure: unknown): boolean {
  return failure instanceof StorageError && failure.reason === "changed";
}

/** One item on its way. */
interface Sending {
  item: Item;
  source: Source;
  transferId: string;
  /** True where a part of it may be at the receiver. */
  begun: boolean;
  /** True where anything about the source has moved since then. */
  isTouched: boolean;
  key: OutgoingKey;
  options: SendItemOptions;
}

/** The transfer of an earlier run, where it can be taken up, or a new one. */
async function openTransfer(
  key: OutgoingKey,
  source: Source,
  options: SendItemOptions,
): Promise<OutgoingEntry> {
  const { outgoing, restart } = options;
  const how = { exactStamp: source.exactStamp ?? runId, fresh: restart };
  const known = await outgoing.open(key, how);
  if (await goesOn(known, source, options)) return known;
  await outgoing.remove(key);
  return await outgoing.open(key, how);
}

/** False for what was delivered with other content, and for a relay whose key is gone. */
async function goesOn(
  { transfer, begun, isTouched, done }: OutgoingEntry,
  source: Source,
  { recipients, relayKeys }: SendItemOptions,
): Promise<boolean> {
  if (isTouched && !await isStill(done, source)) return false;
  const needsKey = begun && done === undefined && recipients !== undefined;
  return !needsKey || await relayKeys.find(transfer) !== undefined;
}

/** True where `source` has the content that was delivered before, or none was. */
async function isStill(done: Done[] | undefined, source: Source): Promise<boolean> {
  const digests = new Set(done?.map(({ delivered }) => delivered?.sha256));
  if (digests.size === 0) return true;
  return digests.size === 1 && digests.has(await source.digest(Infinity));
}

/** Reports what an earlier run of the same line has done. */
async function reportAgain(done: Done[], sending: Sending) {
  const { item, source: { leftOut }, transferId, options } = sending;
  await options.relayKeys.erase(transferId); // A kill may have come first.
  for (const one of done) {
    const { delivered, ...outcome } = one;
    const already = delivered && { delivered: { ...delivered, already: true as const } };
    remember(one, sending);
    options.onOutcome({ item, transferId, ...outcome, ...already, leftOut });
  }
}

function sendOver(sending: Sending): Promise<void> {
  const { recipients } = sending.options;
  return recipients === undefined ? sendToHub(sending) : sendToPeople(recipients, sending);
}

/** Remembers what was delivered, to a person or else to the hub, for when it is sent again. */
function remember({ to, delivered }: Done, { source, options }: Sending) {
  if (delivered === undefined) return;
  const person = options.recipients?.find(({ name }) => name === to);
  const receiver = person === undefined ? options.opened.fingerprint : fingerprint(person.keys.id);
  options.delivered.add(source, { to: receiver, sha256: delivered.sha256 });
}

async function sendToHub(sending: Sending) {
  const { item, source, transferId, begun, isTouched, key, options } = sending;
  const { opened: { session, fingerprint }, hubName: to } = options;
  const { batch, report, limit, signal, outgoing, onOutcome } = options;
  const sha256 = await namedDigest(fingerprint, sending);
  const onReceipt = (delivered: Delivered) => outgoing.finish(key, [{ delivered }]);
  const { leftOut, missing, renamed } = source;
  const delivered = await sendTransfer(session, source, {
    ...{ transfer: transferId, batch, begun, isTouched, sha256, to, report, onReceipt, limit },
    signal,
  });
  remember({ delivered }, sending);
  onOutcome({ item, transferId, delivered, leftOut, missing, renamed });
}

/** The digest by which content is offered that the receiver of that fingerprint has. */
function namedDigest(to: string, { source, options }: Sending): Promise<string | null> {
  const { delivered, restart } = options;
  return restart ? Promise.resolve(null) : delivered.digestOf(source, to);
}

async function sendToPeople(recipients: Recipient[], sending: Sending) {
  const { item, source, transferId, begun, key, options } = sending;
  const { opened: { session }, keyPair, wait, report, limit, signal } = options;
  const { outgoing, sent, relayKeys, batch, patience } = options;
  const relayKey = await relayKeys.find(transferId) ??
    await relayKeys.make(transferId, await session.peerTime());
  const { leftOut, missing, renamed } = source;
  await sent.record(sentTransfer(recipients, sending));
  const outcomes: PersonOutcome[] = [];
  const onOutcome = (outcome: PersonOutcome) => {
    outcomes.push(outcome);
    remember(outcome, sending);
    options.onOutcome({ item, transferId, ...outcome, leftOut, missing, renamed });
  };
  const { relayTransfer } = await import("../transfer/send/relay_send.ts");
  const named = await Promise.all(recipients.map(async (one) => ({
    ...one,
    sha256: await namedDigest(fingerprint(one.keys.id), sending),
  })));
  await relayTransfer(session, source, {
    ...{ transfer: transferId, keyPair, recipients: named, relayKey, wait, report, limit, signal },
    ...{ batch, patience, onOutcome, begun },
  });
  // Where a recipient did not take it, it will not go on: another run begins anew.
  const isDone = outcomes.every(({ error, stored }) => error === undefined || stored !== undefined);
  const done = outcomes.map(({ error: _, ...outcome }) => outcome);
  await (isDone ? outgoing.finish(key, done) : outgoing.remove(key));
  await relayKeys.erase(transferId);
}

function sentTransfer(
  recipients: Recipient[],
  { item: { path }, source: { name, stamp: identity, size }, transferId, options }: Sending,
): SentTransfer {
  return {
    transfer: transferId,
    hub: options.opened.fingerprint,
    name,
    path: isAbsolute(path) ? path : null,
    identity,
    size,
    recipients: recipients.map(({ name, keys }) => ({
      name,
      key: encodeKey(keys.id),
    })),
  };
}

/**
 * What makes it the same transfer in another run. A receiver tells by digests whether its part is
 * the beginning of what is there now; a hub cannot, so that to people a source that anything has
 * happened to is another one.
 */
function keyOf(
  { name: as, stamp, exactStamp }: Source,
  { item, options }: { item: Item; options: SendItemOptions },
): OutgoingKey {
  const isToHub = options.recipients === undefined;
  const same = isToHub && stamp !== null ? "" : exactStamp ?? runId;
  return { to: destination(options), path: item.path, as, stamp: same };
}

/** The same file for other people is another transfer. */
function destination({ hub, recipients }: SendItemOptions): string {
  return JSON.stringify([hub, recipients?.map(({ name }) => name).sort() ?? null]);
}
