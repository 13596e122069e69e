import { basename } from "node:path";
import { isoDate } from "../units.ts";
import { P2pError } from "../errors.ts";
import { type SentTransfer, SentTransfers } from "../home/sent.ts";
import type { Stored } from "../transfer/events.ts";
import { openSource } from "../transfer/source/open_source.ts";
import { deliveryStatusOf } from "./delivery_status.ts";
import type { HubClient } from "./hub_client.ts";
import type { Item } from "./items.ts";
import { listTransfers, type TransferEntry } from "./own_transfers.ts";

/** The earlier transfer to send again. */
export interface SendAgainOptions {
  /** Its id, or what that begins with. */
  id: string;
  /** Leaves out the recipients who have it. */
  missing: boolean;
  signal: AbortSignal;
}

/** An earlier transfer, and its recipients by what is to be done. */
export interface SentBefore {
  item: Item;
  /** The name that it has at the receivers. */
  name: string;
  /** To send to. */
  names: string[];
  /** Left out: it still waits for them at the hub. */
  waiting: Stored[];
  /** Left out: they have it. */
  delivered: string[];
}

/**
 * Finds out what to send of an earlier transfer, and to whom. "local" where nothing is known of it
 * here, or where what was sent is no longer there.
 */
export async function sendAgain(
  client: HubClient,
  { id, missing, signal }: SendAgainOptions,
): Promise<SentBefore> {
  const sentTransfers = new SentTransfers(client.home);
  const sent = await findSent(sentTransfers, id);
  const item = itemOf(sent);
  await (await item.open()).close();
  return await client.visit(signal, async ({ session, fingerprint }) => {
    if (fingerprint !== sent.hub) {
      throw new P2pError("usage", `"${sent.name}" was sent through another hub, not ${client.hub}`);
    }
    const entries = await entriesOf(sent, { sentTransfers, all: await listTransfers(session) });
    return sortRecipients({ sent, entries, client, missing, item });
  });
}

/** A hub's entry for one recipient, and what was sent. */
interface Entry {
  entry: TransferEntry;
  sent: SentTransfer;
}

async function sortRecipients(
  { sent, entries, client, missing, item }: {
    sent: SentTransfer;
    entries: Entry[];
    client: HubClient;
    missing: boolean;
    item: Item;
  },
): Promise<SentBefore> {
  const { keyPair } = client.identity;
  const sorted: SentBefore = { item, name: sent.name, names: [], waiting: [], delivered: [] };
  for (const { name } of sent.recipients) {
    const own = entries.filter(({ entry }) => entry.to === name);
    const statuses = await Promise.all(
      own.map(({ entry, sent }) => deliveryStatusOf(entry, { sent, keyPair })),
    );
    const states = statuses.map(({ state }) => state);
    const waiting = own[states.findIndex((state) => state === "waiting" || state === "running")];
    if (waiting !== undefined) sorted.waiting.push(storedOf(waiting.entry, sent));
    else if (missing && states.includes("delivered")) sorted.delivered.push(name);
    else sorted.names.push(name);
  }
  return sorted;
}

/** Entries of all transfers of that file as it was: what was sent again counts too. */
async function entriesOf(
  { path, name, identity }: SentTransfer,
  { sentTransfers, all }: { sentTransfers: SentTransfers; all: TransferEntry[] },
): Promise<Entry[]> {
  const found: Entry[] = [];
  for (const entry of all) {
    const sent = await sentTransfers.find(entry.transfer);
    if (sent?.path === path && sent.name === name && sent.identity === identity) {
      found.push({ entry, sent });
    }
  }
  return found;
}

/** The one transfer whose id begins so. */
async function findSent(sentTransfers: SentTransfers, begin: string): Promise<SentTransfer> {
  if (!/^[0-9a-f]{4,32}$/.test(begin)) {
    throw new P2pError("usage", `"${begin}" is not the id of a transfer`, {
      hint: "ids are those of `p2p status`, or what they begin with",
    });
  }
  const [id, ...others] = await sentTransfers.startingWith(begin);
  if (others.length > 0) {
    throw new P2pError("usage", `several transfers begin with "${begin}"`, {
      hint: "write more of the id",
    });
  }
  const sent = id === undefined ? undefined : await sentTransfers.find(id);
  if (sent !== undefined) return sent;
  throw new P2pError("local", `no transfer "${begin}" was sent from here`, {
    hint: "what was sent from here is shown by `p2p status HOST:PORT`",
  });
}

/** The file as it was: another content is another transfer. */
function itemOf({ path, name, identity }: SentTransfer): Item {
  if (path === null) {
    throw new P2pError("local", `cannot send "${name}" again: it did not come from a file`, {
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

function storedOf({ transfer, to, size, until }: TransferEntry, { name }: SentTransfer): Stored {
  return {
    event: "stored",
    ...{ transfer, to, name },
    bytes: size ?? 0,
    until: isoDate(until),
  };
}
