import { Option } from "@commander-js/extra-typings";
import { P2pError } from "../../errors.ts";
import { defaultHome } from "../../home/default_home.ts";
import { hostName } from "../../home/host_name.ts";
import { loadIdentity } from "../../home/identity.ts";
import { openHubServer } from "../../hub/hub_server.ts";
import { MAX_KEEP_MS } from "../../hub/spool/spool.ts";
import type { Rule } from "../../hub/policy/policy.ts";
import { checkedPeerName } from "../../names/peer_name.ts";
import { fingerprint } from "../../secure/fingerprint.ts";
import { KEEP_MS } from "../../transfer/open_receiver.ts";
import { DEFAULT_PORT, parsePort } from "../../transport/address.ts";
import { parseDuration, parseSize } from "../../units.ts";
import { announceHub } from "../display/announce_hub.ts";
import { Arrivals } from "../display/arrivals.ts";
import { Output } from "../display/output.ts";
import { isMoving, showSessionsOnSignal } from "../display/sessions.ts";
import { showServerEvent } from "../display/server_events.ts";
import { endService, withInterrupt } from "../interrupt.ts";
import { command, nameOption } from "../options/command.ts";
import { qrOption } from "../options/hub_options.ts";
import { withReceiveOptions } from "../options/receive_options.ts";
import { hubSecret, secretFileOption } from "../options/secret.ts";
import { askOffer } from "../prompts/ask_offer.ts";

const LOOPBACK = "localhost";
const EVERYWHERE = "0.0.0.0";

/** `p2p serve`: be a hub, and receive what is sent to it, until Ctrl-C. */
export function serveCommand() {
  return serveOptions().action((options) => withInterrupt((signal) => serve(options, signal)));
}

type ServeOptions = ReturnType<ReturnType<typeof serveOptions>["opts"]>;

function serveOptions() {
  const base = command("serve")
    .addOption(
      new Option(
        "--host <host>",
        `where to listen; beyond this machine it takes a secret (default: ${LOOPBACK})`,
      ).conflicts("lan"),
    )
    .addOption(
      new Option("--lan", `listen to your network, with a secret: --host ${EVERYWHERE}`)
        .default(false),
    )
    .addOption(qrOption())
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
  const { home = defaultHome(), port, accept, quota, disk, keep } = options;
  const host = options.host ?? (options.lan ? EVERYWHERE : LOOPBACK);
  const secret = await hubSecret({ ...options, host }, home);
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
  if (server.trouble !== undefined) output.warning(server.trouble);
  using _ = showSessionsOnSignal(output);
  await output.showProgress();
  const { address } = server;
  const shown = fingerprint(identity.keyPair.id);
  await announceHub({ address, name, fingerprint: shown, secret, qr: options.qr }, output);
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
