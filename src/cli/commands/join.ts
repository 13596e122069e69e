import { Option } from "@commander-js/extra-typings";
import { P2pError } from "../../errors.ts";
import { checkedPeerName } from "../../names/peer_name.ts";
import { loadIdentity } from "../../home/identity.ts";
import { AnsweredTransfers } from "../../home/answered.ts";
import { formatAddress, parseAddress } from "../../transport/address.ts";
import { Arrivals, previewOption } from "../display/arrivals.ts";
import { command } from "../options/command.ts";
import { Deliveries } from "../../client/incoming.ts";
import { defaultHome } from "../../home/default_home.ts";
import { secretFileOption, secretSource } from "../options/secret.ts";
import { hostName } from "../../home/host_name.ts";
import { withInterrupt } from "../interrupt.ts";
import { Membership } from "../../client/membership.ts";
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
import { askTrust } from "../prompts/ask_trust.ts";

/** `p2p join`: be at a hub by name, and receive what is sent there to it, until Ctrl-C. */
export function joinCommand() {
  return joinOptions().action((hub, options) =>
    withInterrupt((signal) => join(hub, { ...options, signal }))
  );
}

type JoinOptions = ReturnType<ReturnType<typeof joinOptions>["opts"]>;

function joinOptions() {
  return command("join")
    .argument("[host:port]", "the hub", "127.0.0.1:8080")
    .addOption(new Option("--name <name>", "who you are there (default: the name of this machine)"))
    .addOption(new Option("--dir <dir>", "where files are put").default("./received"))
    .addOption(acceptOption())
    .addOption(typesOption())
    .addOption(maxFileSizeOption())
    .addOption(allowHiddenOption())
    .addOption(onConflictOption())
    .addOption(previewOption())
    .addOption(previewRowsOption())
    .addOption(secretFileOption("the hub's secret (also env P2P_SECRET, or asked for)"))
    .addOption(
      new Option("--trust-new", "pin a hub's key at first contact without asking").default(false),
    );
}

async function join(hub: string, options: JoinOptions & { signal: AbortSignal }): Promise<void> {
  const output = new Output(options);
  const home = options.home ?? defaultHome();
  const identity = await loadIdentity(home);
  const name = checkedPeerName(options.name ?? identity.name ?? hostName());
  const arrivals = new Arrivals(output, options);
  const receiver = await openReceiver(options, {
    report: arrivals.report,
    ask: askOffer(options, output),
  });
  const address = parseAddress(hub);
  const deliveries = new Deliveries({
    ...{ identity, home, receiver, output },
    answered: await AnsweredTransfers.open(home),
    onlyKnown: options.accept === "known",
  });
  const membership = new Membership({
    ...{ address, identity, name, home, deliveries, output },
    trustNew: askTrust(formatAddress(address), options),
    secret: await secretSource(options),
  });
  await output.showProgress();
  try {
    await membership.keep(options.signal);
  } catch (error) {
    throw options.signal.aborted ? new P2pError("interrupted", "") : error;
  } finally {
    await receiver.idle();
    await arrivals.idle();
    output.close();
  }
}
