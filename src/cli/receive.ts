import { Option } from "@commander-js/extra-typings";
import { P2pError } from "../errors.ts";
import type { Session } from "../protocol/session.ts";
import { checkedPeerName } from "../protocol/peer_name.ts";
import { type Code, looksLikeCode, parseCode } from "../secure/code.ts";
import { loadIdentity } from "../secure/identity.ts";
import { sleep } from "../sleep.ts";
import { AnsweredTransfers } from "../transfer/answered_transfers.ts";
import { joinHub } from "../transfer/delivery.ts";
import type { Report } from "../transfer/events.ts";
import type { Introduction } from "../transfer/pair_by_code.ts";
import { parseAddress } from "../transport/address.ts";
import { parseDuration } from "../ui/format.ts";
import { isInteractive } from "../ui/terminal.ts";
import { Arrivals, previewOption } from "./arrivals.ts";
import { command, nameOption } from "./command.ts";
import { Deliveries } from "./deliveries.ts";
import { secretFileOption, secretSource } from "./given_secret.ts";
import { defaultHome } from "./home.ts";
import { hostName } from "./host_name.ts";
import { withInterrupt } from "./interrupt.ts";
import { connectByCode, meet, type MeetOptions } from "./meet.ts";
import { openReceiver } from "./open_receiver.ts";
import { Output } from "./output.ts";
import { previewRowsOption } from "./preview_rows.ts";
import {
  acceptOption,
  allowHiddenOption,
  maxFileSizeOption,
  onConflictOption,
  typesOption,
} from "./receive_options.ts";

/** How long what was begun is kept. */
const KEEP_MS = parseDuration("7d");

/** How long a cut, here or there, may last. */
const GIVE_UP_MS = 60_000;

const PAUSE_MS = 500;

/** `p2p receive`: fetch what somebody sends with a code, and nothing else. */
export function receiveCommand() {
  return receiveOptions().action((code, hub, options) =>
    withInterrupt((signal) => receive([code, hub], { ...options, signal }))
  );
}

type ReceiveOptions = ReturnType<ReturnType<typeof receiveOptions>["opts"]> & {
  signal: AbortSignal;
};

function receiveOptions() {
  return command("receive", "fetch what somebody offers with `send --code`")
    .argument("[code]", "what `send --code` shows; asked for where it is left out")
    .argument("[host:port]", "the hub (default: 127.0.0.1:8080)")
    .addOption(new Option("--code", "make the code here, for the sender to type").default(false))
    .addOption(nameOption("--name <me>", "who receives (default: the name of this machine)"))
    .addOption(new Option("--dir <dir>", "where files are put").default("./received"))
    .addOption(acceptOption())
    .addOption(typesOption())
    .addOption(maxFileSizeOption())
    .addOption(allowHiddenOption())
    .addOption(onConflictOption())
    .addOption(previewOption())
    .addOption(previewRowsOption())
    .addOption(rememberOption())
    .addOption(qrOption())
    .addOption(secretFileOption("the hub's secret (also env P2P_SECRET, or asked for)"));
}

/** `--remember`: what a code has shown is kept. */
export function rememberOption() {
  return new Option("--remember", "after a code: keep the other's key under its name").default(false);
}

/** `--qr`: a code for a camera. */
export function qrOption() {
  return new Option("--qr", "show the line for the other side as a QR code too").default(false);
}

async function receive(
  words: (string | undefined)[],
  options: ReceiveOptions,
): Promise<void> {
  const output = new Output(options);
  const { code, hub } = await choiceOf(words, options);
  const home = options.home ?? defaultHome();
  const identity = await loadIdentity(home);
  const arrivals = new Arrivals(output, options);
  const inbox = new CodeInbox();
  const receiver = await openReceiver({ ...options, keep: KEEP_MS }, {
    output,
    arrivals: { report: (event) => (arrivals.report(event), inbox.count(event)) },
  });
  const deliveries = new Deliveries({
    ...{ identity, home, receiver, output },
    answered: await AnsweredTransfers.open(home, { keepMs: KEEP_MS }),
    onlyKnown: options.accept === "known",
    fromCode: () => inbox.sender,
  });
  const meeting: MeetOptions = {
    address: parseAddress(hub),
    ...{ identity, home, output },
    secret: await secretSource(options),
    signal: options.signal,
  };
  const name = checkedPeerName(options.name ?? identity.name ?? hostName());
  await output.showProgress();
  try {
    const join = () => joined(meeting, deliveries);
    await inbox.fill(join, (exchange) => meet(exchange, { ...meeting, ...options, code, name, items: 0 }));
  } finally {
    await receiver.idle();
    await arrivals.idle();
    output.close();
  }
  if (inbox.refused > 0) Deno.exitCode = 4;
}
