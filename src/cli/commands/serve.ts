import { Option } from "@commander-js/extra-typings";
import { Hub, type Peer } from "../../hub/hub.ts";
import { type HubEvent, outcomeEvent } from "../../hub/hub_event.ts";
import { listen } from "../../hub/listen.ts";
import { NameRegistry } from "../../hub/name_registry.ts";
import { Spool } from "../../hub/spool/spool.ts";
import { Switchboard } from "../../hub/switchboard.ts";
import { checkedPeerName } from "../../names/peer_name.ts";
import { fingerprint } from "../../secure/fingerprint.ts";
import { type Identity, loadIdentity } from "../../home/identity.ts";
import { findPerson } from "../../home/known_people.ts";
import { DEFAULT_PORT, formatAddress, isLoopback, parsePort } from "../../transport/address.ts";
import { formatBytes, parseDuration, parseSize } from "../../units.ts";
import { printable } from "../../ui/printable.ts";
import { Arrivals } from "../display/arrivals.ts";
import { command, nameOption } from "../options/command.ts";
import { hubSecret, secretFileOption } from "../options/secret.ts";
import { defaultHome } from "../../home/default_home.ts";
import { hostName } from "../../home/host_name.ts";
import { HubPolicy } from "../../hub/policy/hub_policy.ts";
import type { HubSecret } from "../../home/hub_secret.ts";
import { endedByUser, withInterrupt } from "../interrupt.ts";
import { KEEP_MS, openReceiver } from "../../transfer/open_receiver.ts";
import { Output } from "../display/output.ts";
import { askOffer } from "../prompts/ask_offer.ts";
import { reachableHost } from "../display/reachable_host.ts";
import { withReceiveOptions } from "../options/receive_options.ts";

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
        .argParser((
          text,
        ) => parsePort(text)),
    )
    .addOption(nameOption("--name <name>", "how the hub shows itself (default: the host's name)"))
    .addOption(secretFileOption("who connects must know this secret (also env P2P_SECRET)"))
    .addOption(
      new Option("--open", "let anybody connect from beyond this machine, without a secret")
        .default(false),
    )
    .addOption(new Option("--policy <file>", "rules by person, kind, size, direction, folder"))
    .addOption(
      new Option("--quota <size>", "most that the folder may hold, e.g. 50GB").argParser(parseSize),
    );
  return withReceiveOptions(base)
    .addOption(
      new Option(
        "--keep <age>",
        "how long files wait for people, and unfinished ones for their sender",
      )
        .default(KEEP_MS, "7d").argParser(parseDuration),
    );
}

async function serve(options: ServeOptions, signal: AbortSignal): Promise<void> {
  const output = new Output(options);
  const home = options.home ?? defaultHome();
  const known = await hubSecret(options, home);
  const name = checkedPeerName(options.name ?? hostName());
  const identity = await loadIdentity(home);
  const arrivals = new Arrivals(output, options);
  const people = await NameRegistry.open(home);
  const policy = await policyOf(options, { home, people });
  const receiver = await openReceiver(options, {
    report: arrivals.report,
    ask: askOffer(options, output),
    quotaBytes: options.quota,
    policy: policy && ((offer, from) => policy.refusesOffer(from, offer)),
  });
  const onError = (error: Error) => output.note(`p2p: ${printable(error.message)}`);
  const spool = await Spool.open(home, {
    keepMs: options.keep,
    quotaBytes: options.quota ?? Infinity,
    onOutcome: (transfer, outcome) => showHubEvent(outcomeEvent(transfer, outcome), output),
    onError,
  });
  const switchboard = new Switchboard({
    people,
    spool,
    refusesRelay: policy && ((from, about) => policy.refusesRelay(from, about)),
    receive: (exchange, offer, from) => receiver.receive(exchange, { offer, from }),
    report: (event) => showHubEvent(event, output),
    onError,
  });
  const hub = new Hub({
    listener: listen(options),
    keyPair: identity.keyPair,
    name,
    secret: known?.secret,
    refusePeer: async (peer) =>
      switchboard.refuseName(peer) ?? await refusePeer(peer, { home, accept: options.accept }),
    onOpen: (peer, address) => (exchange, opening, session) =>
      switchboard.open(peer, { exchange, opening, session, address }),
    onError: (address, error) => output.note(`${address || "p2p"}: ${printable(error.message)}`),
  });
  await output.showProgress();
  announce(hub, { name, identity, options, known, output });
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  output.note("stopping: what is unfinished stays, and goes on when it is sent again");
  await hub.close();
  await switchboard.idle();
  await spool.close();
  await receiver.idle();
  await arrivals.idle();
  output.close();
  throw endedByUser();
}

async function policyOf(
  { policy }: ServeOptions,
  who: { home: string; people: NameRegistry },
): Promise<HubPolicy | undefined> {
  if (policy === undefined) return undefined;
  const { readPolicy } = await import("../../hub/policy/read_policy.ts");
  return new HubPolicy(await readPolicy(policy), who);
}

async function refusePeer({ key, name }: Peer, { home, accept }: { home: string; accept: string }) {
  if (accept !== "known" || await findPerson(home, key) !== undefined) return undefined;
  return `"${name}" (${fingerprint(key)}) is not known here, and only known people are accepted`;
}

function announce(
  hub: Hub,
  { name, identity, options, known, output }: {
    name: string;
    identity: Identity;
    options: ServeOptions;
    known: HubSecret | undefined;
    output: Output;
  },
) {
  const address = { host: options.host, port: hub.address.port };
  const shown = fingerprint(identity.keyPair.publicKey);
  const { bold } = output.style;
  const reachable = formatAddress({ ...address, host: reachableHost(address.host) });
  const secretFile = known?.path;
  output.event({
    event: "listening",
    ...{ ...address, name, fingerprint: shown },
    ...secretFile && { secretFile },
  });
  output.result("Server initialized");
  output.result(`  address      ${bold(formatAddress(address))}`);
  output.result(`  name         ${bold(printable(name))}`);
  output.result(`  fingerprint  ${shown}`);
  if (known !== undefined) output.result(`  secret       ${secretInWords(known, output)}`);
  output.result(`  to send      ${bold(`p2p send FILE --to ${reachable}`)}`);
  if (known?.path !== undefined) output.note(`the secret is kept in ${known.path}`);
  if (known === undefined && !isLoopback(options.host)) {
    output.warning("anybody who can reach this address can send files here");
  }
}

/** A secret that was made up is shown this once; no line ever holds one that was given. */
function secretInWords({ secret, isNew }: HubSecret, { style }: Output): string {
  return isNew ? `${style.bold(secret)}  (type it where the next line asks for it)` : "asked for";
}

/** What passes between people: who comes and goes, and what became of what for whom. */
function showHubEvent(event: HubEvent, output: Output) {
  const { bold } = output.style;
  if (event.event === "refused") {
    output.event(event);
    return output.result(
      `refused from ${bold(printable(event.from))} to ${
        bold(printable(event.to))
      }: ${event.reason}`,
    );
  }
  if (event.event === "relayed") {
    const { from, to, bytes, state } = event;
    output.event(event);
    const size = bytes === null ? "" : ` (${formatBytes(bytes)})`;
    return output.result(`${state} from ${bold(printable(from))} to ${bold(printable(to))}${size}`);
  }
  const { peer, key } = event;
  output.event({ event: event.event, peer, fingerprint: fingerprint(key) });
  output.result(`${bold(printable(peer))} has ${event.event}`);
}
