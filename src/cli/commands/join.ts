import { ReceivedContent } from "../../home/received_content.ts";
import { AnsweredTransfers } from "../../home/answered.ts";
import { Sweeps } from "../../sweeps.ts";
import { Deliveries } from "../../client/incoming.ts";
import { Membership } from "../../client/membership.ts";
import { openReceiver } from "../../transfer/open_receiver.ts";
import { Arrivals } from "../display/arrivals.ts";
import { showSessionsOnSignal } from "../display/sessions.ts";
import { Output } from "../display/output.ts";
import { endService, withInterrupt } from "../interrupt.ts";
import { HUB_ARGUMENT } from "../options/chosen_hub.ts";
import { command, nameOption } from "../options/command.ts";
import {
  hubSecretOption,
  noRememberOption,
  openClient,
  trustNewOption,
} from "../options/hub_options.ts";
import { withReceiveOptions } from "../options/receive_options.ts";
import { askOffer } from "../prompts/ask_offer.ts";

/** `p2p join`: be at a hub by name, and receive what is sent there to it, until Ctrl-C. */
export function joinCommand() {
  return joinOptions().action((hub, options) =>
    withInterrupt((signal) => join({ hub, ...options, signal }))
  );
}

type JoinOptions = ReturnType<ReturnType<typeof joinOptions>["opts"]>;

function joinOptions() {
  const named = command("join")
    .argument("[host:port]", HUB_ARGUMENT)
    .addOption(
      nameOption("-n, --name <name>", "who you are there (default: the name of this machine)"),
    );
  return withReceiveOptions(named).addOption(hubSecretOption()).addOption(trustNewOption())
    .addOption(noRememberOption());
}

async function join(
  options: JoinOptions & { hub: string | undefined; signal: AbortSignal },
): Promise<void> {
  const output = new Output(options);
  const client = await openClient(options, output);
  const arrivals = new Arrivals(output, options);
  const receiver = await openReceiver(options, {
    report: arrivals.report,
    ask: askOffer(options, output),
    received: new ReceivedContent(client.home),
  });
  await using _sweeps = new Sweeps([() => receiver.sweep()], {
    onError: (error) => output.warning(error.message),
  });
  const deliveries = new Deliveries(client, {
    receiver,
    answered: await AnsweredTransfers.open(client.home),
    onlyKnown: options.accept === "known",
  });
  using _ = showSessionsOnSignal(output);
  await output.showProgress();
  try {
    await new Membership(client, deliveries).keep(options.signal);
  } catch (error) {
    if (!options.signal.aborted) throw error;
    endService(options.signal);
  } finally {
    await receiver.idle();
    await arrivals.idle();
    output.close();
  }
}
