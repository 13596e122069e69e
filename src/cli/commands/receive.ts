import { Option } from "@commander-js/extra-typings";
import { P2pError } from "../../errors.ts";
import type { Session } from "../../protocol/session.ts";
import { checkedPeerName } from "../../names/peer_name.ts";
import { type Code, looksLikeCode, parseCode } from "../../secure/code.ts";
import { loadIdentity } from "../../home/identity.ts";
import { AnsweredTransfers } from "../../home/answered.ts";
import { joinHub } from "../../client/join.ts";
import type { Report } from "../../transfer/events.ts";
import { parseAddress } from "../../transport/address.ts";
import { isInteractive } from "../../ui/terminal.ts";
import { Arrivals, previewOption } from "../display/arrivals.ts";
import { CodeInbox } from "../../client/code_inbox.ts";
import { qrOption, rememberOption } from "../options/code_options.ts";
import { command, nameOption } from "../options/command.ts";
import { Deliveries } from "../../client/incoming.ts";
import { exitCodeOf } from "../exit_code.ts";
import { secretFileOption, secretSource } from "../options/secret.ts";
import { defaultHome } from "../../home/default_home.ts";
import { hostName } from "../../home/host_name.ts";
import { withInterrupt } from "../interrupt.ts";
import { connectByCode, meet, type MeetOptions } from "../../client/pairing.ts";
import { askOffer } from "../prompts/ask_offer.ts";
import { openReceiver } from "../../transfer/open_receiver.ts";
import { Output } from "../display/output.ts";
import { previewRowsOption } from "../options/preview_options.ts";
import {
  acceptOption,
  allowHiddenOption,
  maxFileSizeOption,
  onConflictOption,
  typesOption,
} from "../options/receive_options.ts";

const DEFAULT_HUB = "127.0.0.1:8080";

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
  return command("receive")
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

async function receive(
  words: (string | undefined)[],
  options: ReceiveOptions,
): Promise<void> {
  const output = new Output(options);
  const { code, hub } = await choiceOf(words, options);
  const home = options.home ?? defaultHome();
  const identity = await loadIdentity(home);
  const meeting: MeetOptions = {
    address: parseAddress(hub),
    ...{ identity, home, output },
    secret: await secretSource(options),
    signal: options.signal,
  };
  const name = checkedPeerName(options.name ?? identity.name ?? hostName());
  const arrivals = new Arrivals(output, options);
  const inbox = new CodeInbox();
  const report: Report = (event) => (arrivals.report(event), inbox.count(event));
  const receiver = await openReceiver(options, { report, ask: askOffer(options, output) });
  const deliveries = new Deliveries({
    ...{ identity, home, receiver, output },
    answered: await AnsweredTransfers.open(home),
    onlyKnown: options.accept === "known",
    byCode: () => inbox.sender,
  });
  const { remember, qr } = options;
  await output.showProgress();
  try {
    await inbox.fill({
      open: () => openJoined(meeting, deliveries),
      meet: (exchange) => meet(exchange, { ...meeting, code, name, items: 0, remember, qr }),
      signal: options.signal,
    });
  } finally {
    await receiver.idle();
    await inbox.close();
    await arrivals.idle();
    output.close();
  }
  if (inbox.refused > 0) Deno.exitCode = exitCodeOf(new P2pError("refused", ""));
}

/** A session in which deliveries can come. */
async function openJoined(meeting: MeetOptions, deliveries: Deliveries): Promise<Session> {
  let hub = "";
  const { session, fingerprint } = await connectByCode(meeting, (exchange, opening) => {
    if (opening.type === "delivery") return void deliveries.take(exchange, opening, hub);
    exchange.end();
  });
  hub = fingerprint;
  await joinHub(session.open());
  return session;
}

interface Choice {
  /** "new" where it is made here. */
  code: Code | "new";
  hub: string;
}

/** Which code and which hub, from the command line, or asked for. */
async function choiceOf(
  [first, second]: (string | undefined)[],
  { code: makesCode }: ReceiveOptions,
): Promise<Choice> {
  const hubs = [first, second].filter((word) => word !== undefined && !looksLikeCode(word));
  const [typed] = [first, second].filter((word) => word !== undefined && looksLikeCode(word));
  const hub = hubs[0] ?? (Deno.env.get("P2P_TO") || DEFAULT_HUB);
  if (makesCode && typed !== undefined) {
    throw new P2pError("usage", "--code makes a code, and one is given too", {
      hint: "leave one of them out",
    });
  }
  if (hubs.length > 1) throw notACode(hubs[0]!);
  if (makesCode) return { code: "new", hub };
  if (typed !== undefined) return { code: parseCode(typed), hub };
  if (!isInteractive()) throw notACode(first);
  const { askCode } = await import("../prompts/ask_code.ts");
  const answer = await askCode();
  if (answer === undefined) throw new P2pError("interrupted", "");
  return { code: parseCode(answer), hub };
}

function notACode(text: string | undefined): P2pError {
  const message = text === undefined ? "no code is given" : `cannot read the code "${text}"`;
  return new P2pError("usage", message, {
    hint: "p2p receive CODE HOST:PORT, or --code to make one for the sender to type",
  });
}
