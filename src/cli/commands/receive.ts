import { Option } from "@commander-js/extra-typings";
import { CodeInbox } from "../../client/code_inbox.ts";
import { Sweeps } from "../../sweeps.ts";
import { Deliveries } from "../../client/incoming.ts";
import { P2pError } from "../../errors.ts";
import { ReceivedContent } from "../../home/received_content.ts";
import { AnsweredTransfers } from "../../home/answered.ts";
import { type Code, namesCode } from "../../secure/code.ts";
import type { Report } from "../../transfer/events.ts";
import { Unfinished } from "../../transfer/unfinished.ts";
import { openReceiver } from "../../transfer/open_receiver.ts";
import { Arrivals } from "../display/arrivals.ts";
import { Output } from "../display/output.ts";
import { exitCode } from "../exit_code.ts";
import { withInterrupt } from "../interrupt.ts";
import { HUB_ARGUMENT } from "../options/chosen_hub.ts";
import { command, nameOption } from "../options/command.ts";
import {
  hubSecretOption,
  noRememberOption,
  openClient,
  qrOption,
  rememberOption,
} from "../options/hub_options.ts";
import { withReceiveOptions } from "../options/receive_options.ts";
import { askOffer } from "../prompts/ask_offer.ts";
import { typedCode } from "../prompts/typed_code.ts";

/** `p2p receive`: fetch what is sent with a code, and nothing else. */
export function receiveCommand() {
  return receiveOptions().action((code, hub, options) =>
    withInterrupt((signal) => receive([code, hub], { ...options, signal }))
  );
}

type ReceiveOptions = ReturnType<ReturnType<typeof receiveOptions>["opts"]> & {
  signal: AbortSignal;
};

function receiveOptions() {
  const named = command("receive")
    .argument("[number]", "of the code that `send --code` shows; its words are asked for")
    .argument("[host:port]", HUB_ARGUMENT)
    .addOption(new Option("--code", "make the code here, for the sender to type").default(false))
    .addOption(nameOption("-n, --name <me>", "who receives (default: the name of this machine)"));
  return withReceiveOptions(named)
    .addOption(rememberOption())
    .addOption(noRememberOption())
    .addOption(qrOption())
    .addOption(hubSecretOption());
}

async function receive(words: (string | undefined)[], options: ReceiveOptions): Promise<void> {
  const output = new Output(options);
  const { code, hub } = await choiceOf(words, options, output);
  const { signal, accept, remember, qr, home, name, secretFile } = options;
  const client = await openClient({ hub, home, name, secretFile, qr, remember, signal }, output);
  const arrivals = new Arrivals(output, options);
  const inbox = new CodeInbox(client, { code, remember: remember === true });
  const unfinished = new Unfinished();
  const report: Report = (event) => {
    arrivals.report(event);
    inbox.count(event);
    unfinished.count(event);
  };
  const receiver = await openReceiver(options, {
    report,
    ask: askOffer(options, output),
    received: new ReceivedContent(client.home),
  });
  await using _sweeps = new Sweeps([() => receiver.sweep()], {
    onError: (error) => output.warning(error.message),
  });
  const deliveries = new Deliveries(client, {
    receiver,
    answered: await AnsweredTransfers.open(client.home),
    onlyKnown: accept === "known",
    byCode: () => inbox.sender,
  });
  await output.showProgress();
  try {
    await inbox.fill(deliveries, signal);
  } catch (error) {
    throw signal.aborted ? stoppedAt(unfinished) : error;
  } finally {
    await receiver.idle();
    await inbox.close();
    await arrivals.idle();
    output.close();
  }
  if (inbox.refused > 0) Deno.exitCode = exitCode("refused");
}

/** The end by Ctrl-C, and what holds. */
function stoppedAt({ inWords: moved }: Unfinished): P2pError {
  if (moved === undefined) return new P2pError("interrupted", "stopped");
  return new P2pError("interrupted", `stopped at ${moved}`, {
    hint: "meet again with a new code: it goes on where it stopped",
  });
}

interface Choice {
  /** "new" where it is made here. */
  code: Code | "new";
  hub: string | undefined;
}

/** The code and the hub, from the command line, or asked for. */
async function choiceOf(
  [first, second]: (string | undefined)[],
  { code: makesCode }: ReceiveOptions,
  output: Output,
): Promise<Choice> {
  const hubs = [first, second].filter((word) => word !== undefined && !namesCode(word));
  const [typed] = [first, second].filter((word) => word !== undefined && namesCode(word));
  const [hub] = hubs;
  if (makesCode && typed !== undefined) {
    throw new P2pError("usage", "--code makes a code, and one is given too", {
      hint: "leave one of them out",
    });
  }
  if (hubs.length > 1) throw notACode(hubs[0]!);
  if (makesCode) return { code: "new", hub };
  return { code: await typedCode(typed, output), hub };
}

function notACode(text: string): P2pError {
  return new P2pError("usage", `"${text}" is not a code`, {
    hint: "p2p receive NUMBER HOST:PORT, or --code to make one for the sender to type",
  });
}
