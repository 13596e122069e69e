import { P2pError } from "../errors.ts";
import { connect, type Connected, type SecretSource } from "./connect.ts";
import type { Identity } from "../home/identity.ts";
import { deliver, type Item, type Outcome } from "./deliver.ts";
import type { TransferEvent } from "../transfer/events.ts";
import { OutgoingTransfers } from "../home/outgoing.ts";
import { SentTransfers } from "../home/sent.ts";
import type { Recipient, WaitFor } from "../transfer/relay_send.ts";
import { type Address, formatAddress } from "../transport/address.ts";
import { deliveredLine, storedLine } from "../ui/event_lines.ts";
import { formatDuration } from "../units.ts";
import { exitCodeOf, worse } from "../cli/exit_code.ts";
import { chooseRecipients, type PeopleChoice } from "./recipients.ts";
import type { Output } from "../cli/display/output.ts";
import { notePinned } from "../cli/prompts/ask_trust.ts";

/** Where items go, who they are from, and how. */
export interface SendItemsOptions {
  to: Address;
  identity: Identity;
  /** Who we say we are, a peer name. */
  name: string;
  /** The folder with keys and the outbox. */
  home: string;
  /** Decides about a hub that is met for the first time. */
  trustNew: (fingerprint: string) => Promise<boolean>;
  /** For a hub that wants one. */
  secret?: SecretSource;
  /** Start over, even where a part is at the receiver. */
  fresh?: boolean;
  /** How long to try to reconnect after a cut, in ms. */
  giveUpMs: number;
  /** Bytes a second. */
  limit?: number | undefined;
  /** People at the hub to send to; without them the hub itself is the receiver. */
  people?: PeopleChoice | undefined;
  wait?: WaitFor;
  /** One person instead, who is called otherwise here than at the hub. */
  recipient?: Recipient & { shown: string };
  /** The hub need not be known. */
  skipPin?: boolean;
  /** The hint after a lost connection: how to go on. */
  goOn: string;
  output: Output;
  signal: AbortSignal;
}

/** Sends items to a hub, tells what becomes of each as soon as that is known, and returns the worst exit code of all. */
export async function sendItems(items: Item[], options: SendItemsOptions): Promise<number> {
  const { output } = options;
  const tally: Tally = { counts: { delivered: 0, stored: 0, failed: 0 }, exit: 0 };
  await output.showProgress();
  try {
    await deliverItems(items, { options, tally });
  } catch (error) {
    // What had no outcome has failed with it.
    const { delivered, stored } = tally.counts;
    tally.counts.failed = Math.max(tally.counts.failed, items.length - delivered - stored);
    tally.exit = worse(tally.exit, exitCodeOf(error));
    output.close();
    output.failure(withHint(error, options.goOn));
  }
  output.close();
  output.event({ event: "done", ...tally.counts });
  return tally.exit;
}

interface Tally {
  counts: { delivered: number; stored: number; failed: number };
  exit: number;
}

async function deliverItems(
  items: Item[],
  { options, tally }: { options: SendItemsOptions; tally: Tally },
) {
  const { output } = options;
  let recipients: Recipient[] | undefined;
  await deliver(items, {
    connect: async () => {
      const connected = await connectTo(options);
      // Chosen once: who comes and goes during a cut makes it no other transfer.
      recipients ??= await recipientsOf(connected, options);
      return { ...connected, ...(recipients && { recipients }) };
    },
    to: formatAddress(options.to),
    keyPair: options.identity.keyPair,
    wait: options.wait,
    outbox: new OutgoingTransfers(options.home, items.map(({ path }) => path)),
    sent: new SentTransfers(options.home),
    fresh: options.fresh ?? false,
    giveUpMs: options.giveUpMs,
    limit: options.limit,
    report: (event) => showProgress(event, output),
    onReconnect: (error, pause) =>
      output.warning(`${error.message}; trying again in ${formatDuration(pause)}`),
    onOutcome: (outcome) => showOutcome(renamed(outcome, options), { options, tally }),
    signal: options.signal,
  });
}

async function connectTo(
  { to, identity, name, home, trustNew, secret, skipPin = false, output, signal }: SendItemsOptions,
): Promise<Connected> {
  const where = formatAddress(to);
  const connected = await connect(to, {
    identity,
    name,
    home,
    trustNew,
    secret,
    skipPin,
    onPinned: notePinned(where, output),
    signal,
  });
  output.event({
    event: "connected",
    ...to,
    name: connected.name,
    fingerprint: connected.fingerprint,
  });
  return connected;
}

async function recipientsOf(
  connected: Connected,
  { people, recipient, identity, home }: SendItemsOptions,
): Promise<Recipient[] | undefined> {
  if (recipient !== undefined) return [recipient];
  try {
    return people && await chooseRecipients(connected, { people, identity, home });
  } catch (error) {
    await connected.session.goodbye("bye", "there is nobody to send to");
    throw error;
  }
}

function showProgress(event: TransferEvent, output: Output) {
  if (event.event !== "progress") return;
  output.event(event);
  output.progress({
    id: event.transfer,
    name: event.name,
    bytes: event.bytes,
    total: event.total ?? undefined,
  });
}

/** The outcome under the name that somebody has here. */
function renamed(outcome: Outcome, { recipient }: SendItemsOptions): Outcome {
  if (recipient === undefined || outcome.to !== recipient.name) return outcome;
  const { name, shown: to } = recipient;
  const { delivered, stored, error } = outcome;
  const message = error?.message.replaceAll(name, to) ?? "";
  const hint = error?.hint;
  return {
    ...outcome,
    to,
    ...delivered && { delivered: { ...delivered, to } },
    ...stored && { stored: { ...stored, to } },
    ...error && { error: new P2pError(error.code, message, { ...hint && { hint }, cause: error }) },
  };
}

/** One line for each item. */
function showOutcome(
  { item, transfer, to, delivered, stored, error, leftOut }: Outcome,
  { options, tally }: { options: SendItemsOptions; tally: Tally },
) {
  const { output, goOn } = options;
  for (const { path, what } of leftOut ?? []) output.warning(`left out "${path}": it is ${what}`);
  if (delivered !== undefined) {
    tally.counts.delivered++;
    output.progressDone(delivered.transfer);
    output.event(delivered);
    return output.result(deliveredLine(delivered, output.style));
  }
  if (stored !== undefined) {
    tally.counts.stored++;
    output.progressDone(stored.transfer);
    output.event(stored);
    return output.result(storedLine(stored, output.style));
  }
  tally.counts.failed++;
  if (transfer !== undefined) output.progressDone(transfer);
  if (error!.code === "interrupted") return; // Told once, for all of them.
  output.failure(withHint(error!, goOn), { name: item.label, ...(to === undefined ? {} : { to }) });
  tally.exit = worse(tally.exit, exitCodeOf(error));
}

/** A transfer that was cut off goes on when it is sent again. */
function withHint(error: unknown, goOn: string): unknown {
  const isCut = error instanceof P2pError && error.code === "connection";
  if (!isCut || error.hint !== undefined) return error;
  return new P2pError(error.code, error.message, { hint: goOn, cause: error });
}
