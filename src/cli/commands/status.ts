import { Option } from "@commander-js/extra-typings";
import type { Connected } from "../../client/connect.ts";
import { P2pError } from "../../errors.ts";
import { foldedName } from "../../names/folded_name.ts";
import { listTransfers, type TransferEntry, withdraw } from "../../client/own_transfers.ts";
import { type SentTransfer, SentTransfers } from "../../home/sent.ts";
import { formatBytes, formatDate, isoDate } from "../../units.ts";
import { printable, printableName } from "../../ui/printable.ts";
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

/** States of a transfer that is not over for its recipient. */
const UNDER_WAY = ["waiting", "running", "interrupted"];

/** `p2p status`: the transfers that were sent through a hub, and where they stand. */
export function statusCommand() {
  return statusOptions().action((hub, options) =>
    withInterrupt(async (signal) => {
      const output = new Output(options);
      checkChoice(options);
      const client = await openClient({ hub, ...options, signal }, output);
      const entries = await client.visit(signal, async (connected) => {
        const { cancel } = options;
        if (cancel === undefined) return chosen(await listTransfers(connected.session), options);
        return await takeBack(connected, { id: cancel, to: options.peer });
      });
      await showEntries(entries, { client, output });
      await offerHub(client, options);
    })
  );
}

type StatusOptions = ReturnType<ReturnType<typeof statusOptions>["opts"]>;

function statusOptions() {
  return askHubCommand("status")
    .addOption(new Option("--waiting", "what is not there yet, or taken back").default(false))
    .addOption(new Option("--last <n>", "of the last n transfers alone").argParser(parseCount))
    .addOption(new Option("--cancel <id>", "take a transfer back from those who do not have it"))
    .addOption(new Option("-p, --peer <name>", "with --cancel: from this person alone"));
}

function checkChoice({ cancel, peer, waiting, last }: StatusOptions) {
  if (cancel === undefined && peer !== undefined) {
    throw new P2pError("usage", "--peer goes with --cancel");
  }
  if (cancel !== undefined && (waiting || last !== undefined)) {
    throw new P2pError("usage", "--cancel goes with neither --waiting nor --last");
  }
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new P2pError("usage", `cannot read --last "${text}": it is not a number from 1 on`);
}

/** The entries that were asked for, the newest transfers first. */
function chosen(entries: TransferEntry[], { waiting, last }: StatusOptions): TransferEntry[] {
  const wanted = entries.filter(({ code }) => !waiting || UNDER_WAY.includes(code));
  const transfers = [...Map.groupBy(wanted, ({ transfer }) => transfer).values()].reverse();
  return transfers.slice(0, last).flat();
}

/** Takes a transfer back, and gives its entries as they are then. */
async function takeBack(
  connected: Connected,
  { id, to }: { id: string; to: string | undefined },
): Promise<TransferEntry[]> {
  const own = ofTransfer(await listTransfers(connected.session), id);
  const name = own.map(({ to }) => to).find((name) => foldedName(name) === foldedName(to ?? name));
  if (name === undefined) throw new P2pError("refused", `it was not sent to "${to}"`);
  const { transfer } = own[0]!;
  const names = await withdraw(connected, { transfer, to: to === undefined ? undefined : name });
  if (names.length === 0) {
    throw new P2pError("refused", "there is nothing to take back", {
      hint: "`p2p status` says who has it",
    });
  }
  return ofTransfer(await listTransfers(connected.session), transfer);
}

/** The entries of the one transfer whose id begins so. */
function ofTransfer(entries: TransferEntry[], id: string): TransferEntry[] {
  const own = id === "" ? [] : entries.filter(({ transfer }) => transfer.startsWith(id));
  const count = new Set(own.map(({ transfer }) => transfer)).size;
  if (count === 1) return own;
  const why = count === 0 ? "you have sent no" : `you have sent ${count}`;
  throw new P2pError(
    "usage",
    `${why} transfer${count === 0 ? "" : "s"} of id "${id}" through this hub`,
    {
      hint: "`p2p status` lists them with their ids",
    },
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
  const name = sent === undefined
    ? "(sent from another home)"
    : style.bold(printableName(sent.name));
  const bytes = size === null ? "" : `, ${formatBytes(size)}`;
  return `${name}${bytes}, sent ${shownDate(created)}, id ${transfer.slice(0, ID_DIGITS)}`;
}

function statusLine(
  entry: TransferEntry,
  { sent, status, style }: { sent: SentTransfer | undefined; status: DeliveryStatus; style: Style },
): string {
  const { state, reason, savedAs } = status;
  const to = printableName(entry.to);
  switch (state) {
    case "delivered":
      return `${style.green("delivered")} to ${to}${
        savedAs === sent?.name ? "" : ` as ${printableName(savedAs!)}`
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
