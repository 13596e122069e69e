import { basename } from "node:path";
import { P2pError } from "../errors.ts";
import type { Item } from "./deliver.ts";
import { isoDate } from "../transfer/iso_date.ts";
import { listTransfers, type TransferEntry } from "./list_transfers.ts";
import { type SentTransfer, SentTransfers } from "../home/sent.ts";
import { openSource } from "../transfer/source/open_source.ts";
import { storedLine } from "../ui/event_lines.ts";
import { printable } from "../ui/printable.ts";
import { askHub, type AskOptions } from "../cli/options/ask_hub.ts";
import type { PeopleChoice } from "./recipients.ts";
import { defaultHome } from "../home/default_home.ts";
import type { Output } from "../cli/display/output.ts";
import { deliveryStatusOf } from "./delivery_status.ts";

/** Which earlier transfer to send again, where, and whether only to those who do not have it. */
export interface SendAgainOptions extends AskOptions {
  /** The id, or what it begins with. */
  again: string;
  missing: boolean;
  /** The hub. */
  to: string;
}

/**
 * What to send of an earlier transfer, and to whom; whoever it still waits for at the hub is told and left out. Throws
 * "local" where nothing is known of it here, or where what was sent is no more.
 */
export async function sendAgain(
  options: SendAgainOptions,
): Promise<{ item: Item; people: PeopleChoice }> {
  const sent = await findSent(options);
  const item = itemOf(sent);
  await (await item.open()).close();
  const names: string[] = [];
  await askHub(options.to, options, async ({ session, fingerprint, identity }, output) => {
    if (fingerprint !== sent.hub) {
      throw new P2pError("usage", `"${sent.name}" was sent through another hub, not ${options.to}`);
    }
    const entries = await entriesOf(sent, { entries: await listTransfers(session), options });
    for (const { name } of sent.recipients) {
      const theirs = entries.filter(({ entry }) => entry.to === name);
      const statuses = await Promise.all(theirs.map(async ({ entry, sent }) => ({
        entry,
        ...await deliveryStatusOf(entry, { sent, keyPair: identity.keyPair }),
      })));
      const waiting = statuses.find(({ state }) => state === "waiting" || state === "running");
      const isThere = statuses.some(({ state }) => state === "delivered");
      if (waiting !== undefined) tellWaiting(waiting.entry, { sent, output });
      else if (!isThere || !options.missing) names.push(name);
      else output.note(`${printable(name)} has ${printable(sent.name)} already`);
    }
  });
  return { item, people: { names, all: false } };
}

/** Entries of all transfers of that file as it was: what was sent again counts too. */
async function entriesOf(
  { path, name, identity }: SentTransfer,
  { entries, options }: { entries: TransferEntry[]; options: SendAgainOptions },
): Promise<{ entry: TransferEntry; sent: SentTransfer }[]> {
  const sentTransfers = new SentTransfers(options.home ?? defaultHome());
  const found: { entry: TransferEntry; sent: SentTransfer }[] = [];
  for (const entry of entries) {
    const sent = await sentTransfers.find(entry.transfer);
    if (sent?.path === path && sent.name === name && sent.identity === identity) {
      found.push({ entry, sent });
    }
  }
  return found;
}

/** The one transfer whose id begins so. */
async function findSent({ again, home = defaultHome() }: SendAgainOptions): Promise<SentTransfer> {
  if (!/^[0-9a-f]{4,32}$/.test(again)) {
    throw new P2pError("usage", `"${again}" is no id of a transfer`, {
      hint: "ids are those of `p2p status`, or what they begin with",
    });
  }
  const sentTransfers = new SentTransfers(home);
  const [id, ...others] = await sentTransfers.startingWith(again);
  if (others.length > 0) {
    throw new P2pError("usage", `several transfers begin with "${again}"`, {
      hint: "write more of the id",
    });
  }
  const sent = id === undefined ? undefined : await sentTransfers.find(id);
  if (sent !== undefined) return sent;
  throw new P2pError("local", `nothing is known here of a transfer "${again}"`, {
    hint: "what was sent from here is shown by `p2p status HOST:PORT`",
  });
}

/** The file as it was: another content is another transfer. */
function itemOf({ path, name, identity }: SentTransfer): Item {
  if (path === null) {
    throw new P2pError("local", `cannot send "${name}" again: it was no file`, {
      hint: "send it anew",
    });
  }
  const open = async () => {
    const source = await openSource(path, { as: name });
    if (source.stamp === identity) return source;
    await source.close();
    throw new P2pError("local", `cannot send "${path}" again: it has changed since`, {
      hint: "send it anew",
    });
  };
  return { label: basename(path), path, open };
}

function tellWaiting(
  { transfer, to, size, until }: TransferEntry,
  { sent: { name }, output }: { sent: SentTransfer; output: Output },
) {
  const stored = {
    event: "stored" as const,
    ...{ transfer, to, name },
    bytes: size ?? 0,
    until: isoDate(until),
  };
  output.event(stored);
  output.result(storedLine(stored, output.style));
}
