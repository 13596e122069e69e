import { Option } from "@commander-js/extra-typings";
import { connect, type Connected } from "../../client/connect.ts";
import { checkedPeerName } from "../../names/peer_name.ts";
import { type Identity, loadIdentity } from "../../home/identity.ts";
import { formatAddress, parseAddress } from "../../transport/address.ts";
import { command } from "./command.ts";
import { defaultHome } from "../../home/default_home.ts";
import { secretFileOption, secretSource } from "./secret.ts";
import { hostName } from "../../home/host_name.ts";
import { Output } from "../display/output.ts";
import { askTrust, notePinned } from "../prompts/ask_trust.ts";

/** What a command that asks a hub something is given. */
export interface AskOptions {
  json?: true;
  quiet?: true;
  color: boolean;
  home?: string;
  name?: string;
  trustNew: boolean;
  secretFile?: string;
  signal: AbortSignal;
}

/** A command with the options that asking a hub takes. */
export function askHubOptions(name: string) {
  return command(name)
    .argument("[host:port]", "the hub", "127.0.0.1:8080")
    .addOption(new Option("--name <me>", "who asks (default: the name of this machine)"))
    .addOption(secretFileOption("the hub's secret (also env P2P_SECRET, or asked for)"))
    .addOption(
      new Option("--trust-new", "pin a hub's key at first contact without asking").default(false),
    );
}

/** Connects to a hub, asks, and says goodbye. */
export async function askHub(
  hub: string,
  options: AskOptions,
  ask: (
    connected: Connected & { identity: Identity; home: string },
    output: Output,
  ) => Promise<void>,
): Promise<void> {
  const output = new Output(options);
  const address = parseAddress(hub);
  const where = formatAddress(address);
  const home = options.home ?? defaultHome();
  const identity = await loadIdentity(home);
  const connected = await connect(address, {
    identity,
    name: checkedPeerName(options.name ?? identity.name ?? hostName()),
    home,
    trustNew: askTrust(where, options),
    secret: await secretSource(options),
    onPinned: notePinned(where, output),
    signal: options.signal,
  });
  try {
    await ask({ ...connected, identity, home }, output);
    await connected.session.goodbye("bye", "that was all");
  } finally {
    connected.session.abort();
  }
}
