import { Option } from "@commander-js/extra-typings";
import { P2pError } from "../../errors.ts";
import { defaultHome } from "../../home/default_home.ts";
import { hostName } from "../../home/host_name.ts";
import type { HubSecret } from "../../home/hub_secret.ts";
import { type Identity, loadIdentity } from "../../home/identity.ts";
import { openHubServer } from "../../hub/hub_server.ts";
import { MAX_KEEP_MS } from "../../hub/spool/spool.ts";
import type { Rule } from "../../hub/policy/policy.ts";
import { checkedPeerName } from "../../names/peer_name.ts";
import { fingerprint } from "../../secure/fingerprint.ts";
import { KEEP_MS } from "../../transfer/open_receiver.ts";
import {
  type Address,
  DEFAULT_PORT,
  formatAddress,
  isLoopback,
  parsePort,
} from "../../transport/address.ts";
import { printable } from "../../ui/printable.ts";
import { parseDuration, parseSize } from "../../units.ts";
import { Arrivals } from "../display/arrivals.ts";
import { Output } from "../display/output.ts";
import { reachableHost } from "../display/reachable_host.ts";
import { isMoving, showSessionsOnSignal } from "../display/sessions.ts";
import { showServerEvent } from "../display/server_events.ts";
import { endService, withInterrupt } from "../interrupt.ts";
import { command, nameOption } from "../options/command.ts";
import { withReceiveOptions } from "../options/receive_options.ts";
import { hubSecret, secretFileOption } from "../options/secret.ts";
import { askOffer } from "../prompts/ask_offer.ts";

/** `p2p serve`: be a hub, and receive what is sent to it, until Ctrl-C. */
export function serveCommand() {
  return serveOptions().action((options) => withInterrupt((signal) => serve(options, signal)));
}

type ServeOptions = ReturnType<ReturnType<typeof serveOptions>["opts"]>;

function serveOptions() {
  const base = command("serve")
    .addOption(
      new Option("--host <host>", "where to listen; beyond this machine it takes a secret")
        .default("127.0.0.1"),
    )
    .addOption(
      new Option("--port <port>", "0 takes a free one and prints it").default(DEFAULT_PORT)
        .argParser((text) => parsePort(text)),
    )
    .addOption(
      nameOption("-n, --name <name>", "how the hub shows itself (default: the host's name)"),
    )
    .addOption(secretFileOption("who connects must know this secret (also env P2P_SECRET)"))
    .addOption(
      new Option("--open", "let anybody connect from beyond this machine, without a secret")
        .default(false),
    )
    .addOption(new Option("--policy <file>", "rules by person, kind, size, direction, folder"))
    .addOption(
      new Option("--quota <size>", "most that one key may have here, e.g. 50GB")
        .argParser(parseSize),
    )
    .addOption(
      new Option(
        "--disk <size>",
        "most that all together may have here (default: what is free, less 5 % or 1 GB)",
      ).argParser(parseSize),
    );
  return withReceiveOptions(base)
    .addOption(
      new Option(
        "--keep <age>",
        "how long files wait for people, and unfinished ones for their sender; at most 90d",
      )
        .default(KEEP_MS, "7d").argParser(parseKeep),
    );
}

function parseKeep(text: string): number {
  const ms = parseDuration(text);
  if (ms <= MAX_KEEP_MS) return ms;
  throw new P2pError("usage", `cannot keep files for "${text}": 90 days are the most`, {
    hint: "write --keep 90d or less",
  });
}

async function serve(options: ServeOptions, signal: AbortSignal): Promise<void> {
  const output = new Output(options);
  const { home = defaultHome(), host, port, accept, quota, disk, keep } = options;
  const secret = await hubSecret(options, home);
  const name = options.name ?? checkedPeerName(hostName());
  const identity = await loadIdentity(home);
  const arrivals = new Arrivals(output, options);
  const server = await openHubServer({
    ...{ address: { host, port }, home, identity, name, secret: secret?.secret },
    onlyKnown: accept === "known",
    rules: await rulesOf(options),
    receive: options,
    ask: askOffer({ ...options, signal }, output),
    keepMs: keep,
    quotaBytes: quota,
    diskBytes: disk,
    onEvent: (event) => showServerEvent(event, { arrivals, output }),
  });
  using _ = showSessionsOnSignal(output);
  await output.showProgress();
  announce({ address: server.address, name, identity, secret }, output);
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  const isBusy = isMoving();
  if (isBusy) output.note("stopping; unfinished transfers can be resumed");
  await server.close();
  await arrivals.idle();
  output.close();
  if (!isBusy) output.note("stopped");
  endService(signal);
}

async function rulesOf({ policy }: ServeOptions): Promise<Rule[] | undefined> {
  if (policy === undefined) return undefined;
  const { readPolicy } = await import("../../hub/policy/read_policy.ts");
  return await readPolicy(policy);
}

/** The facts that others need to reach a hub. */
interface Announcement {
  address: Address;
  name: string;
  identity: Identity;
  secret: HubSecret | undefined;
}

function announce({ address, name, identity, secret }: Announcement, output: Output) {
  const shown = fingerprint(identity.keyPair.id);
  const { bold } = output.style;
  const reachable = formatAddress({ ...address, host: reachableHost(address.host) });
  const secretFile = secret?.path;
  output.event({
    event: "listening",
    ...{ ...address, name, fingerprint: shown },
    ...secretFile && { secretFile },
  });
  output.result("Server initialized");
  output.result(`  address      ${bold(formatAddress(address))}`);
  output.result(`  name         ${bold(printable(name))}`);
  output.result(`  fingerprint  ${shown}`);
  if (secret !== undefined) output.result(`  secret       ${secretInWords(secret, output)}`);
  output.result(`  to send      ${bold(`p2p send FILE --to ${reachable}`)}`);
  if (secret?.isNew) output.note(`the secret is kept in ${secretFile}`);
  if (secret === undefined && !isLoopback(address.host)) {
    output.warning("anybody who can reach this address can send files here");
  }
}

/** A secret that was made up, this once; one that was handed in is never printed. */
function secretInWords({ secret, path, isNew }: HubSecret, { style }: Output): string {
  if (isNew) return `${style.bold(secret)}  (others are asked for it when they connect)`;
  return path === undefined ? "required" : `required (kept in ${path})`;
}
