import { listTransfers, type TransferEntry } from "../../client/list_transfers.ts";
import { type SentTransfer, SentTransfers } from "../../home/sent.ts";
import { formatBytes, formatDate, isoDate } from "../../units.ts";
import { printable } from "../../ui/printable.ts";
import type { Style } from "../../ui/terminal.ts";
import type { HubClient } from "../../client/hub_client.ts";
import type { JsonEvent } from "../display/json_event.ts";
import { Output } from "../display/output.ts";
import { askHubCommand, openClient } from "../options/hub_options.ts";
import { offerHub } from "../prompts/offer_hub.ts";
import { withInterrupt } from "../interrupt.ts";
import { type DeliveryStatus, deliveryStatusOf } from "../../client/delivery_status.ts";

/** Digits of an id that are shown to people: enough for `--again`. */
const ID_DIGITS = 12;

/** `p2p status`: the transfers that were sent through a hub, and where they stand. */
export function statusCommand() {
  return askHubCommand("status").action((hub, options) =>
    withInterrupt(async (signal) => {
      const output = new Output(options);
      const client = await openClient({ hub, ...options, signal }, output);
      const entries = await client.visit(signal, ({ session }) => listTransfers(session));
      await showEntries(entries, { client, output });
      await offerHub(client, options);
    })
  );
}

async function showEntries(
  entries: TransferEntry[],
  { client: { identity: { keyPair }, home }, output }: { client: HubClient; output: Output },
): Promise<void> {
  const sentTransfers = new SentTransfers(home);
  if (entries.length === 0) {
    output.note("you have sent nothing to anybody through this hub");
  }
  for (const [transfer, own] of Map.groupBy(entries, ({ transfer }) => transfer)) {
    const sent = await sentTransfers.find(transfer);
    output.result(titleLine(own[0]!, { sent, style: output.style }));
    for (const entry of own) {
      const status = await deliveryStatusOf(entry, { sent, keyPair });
      output.event(eventOf(entry, { sent, status }));
      output.result(`  ${statusLine(entry, { sent, status, style: output.style })}`);
    }
  }
}

function eventOf(
  { transfer, to, bytes, size, until }: TransferEntry,
  { sent, status: { state, reason } }: { sent: SentTransfer | undefined; status: DeliveryStatus },
): JsonEvent {
  return {
    event: "transfer",
    transfer,
    name: sent?.name ?? null,
    ...{ to, bytes, size, state },
    until: isoDate(until),
    ...reason === undefined ? {} : { reason },
  };
}

function titleLine(
  { transfer, size, created }: TransferEntry,
  { sent, style }: { sent: SentTransfer | undefined; style: Style },
): string {
  const name = sent === undefined ? "(sent from another home)" : style.bold(printable(sent.name));
  const bytes = size === null ? "" : `, ${formatBytes(size)}`;
  return `${name}${bytes}, sent ${shownDate(created)}, id ${transfer.slice(0, ID_DIGITS)}`;
}

function statusLine(
  entry: TransferEntry,
  { sent, status, style }: { sent: SentTransfer | undefined; status: DeliveryStatus; style: Style },
): string {
  const { state, reason, savedAs } = status;
  const to = printable(entry.to);
  switch (state) {
    case "delivered":
      return `${style.green("delivered")} to ${to}${
        savedAs === sent?.name ? "" : ` as ${printable(savedAs!)}`
      }`;
    case "waiting":
      return `waiting for ${to} until ${shownDate(entry.until)}`;
    case "running":
      return `at ${percent(entry)} for ${to}`;
    default:
      return `${style.yellow(state)} for ${to}: ${printable(reason!)}`;
  }
}

/** The part that was sent; of a stream without a known end, the bytes. */
function percent({ bytes, size }: TransferEntry): string {
  if (size === null || size === 0) return formatBytes(bytes);
  return `${Math.floor(100 * Math.min(bytes, size) / size)} %`;
}

function shownDate(ms: number): string {
  return formatDate(Date.parse(isoDate(ms)));
}
