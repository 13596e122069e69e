import { Option } from "@commander-js/extra-typings";
import { HubClient } from "../../client/hub_client.ts";
import { defaultHome } from "../../home/default_home.ts";
import { loadIdentity, ownName } from "../../home/identity.ts";
import { DEFAULT_PORT, formatAddress, parseAddress } from "../../transport/address.ts";
import { type ClientDisplayOptions, showClientEvents } from "../display/client_events.ts";
import type { Output } from "../display/output.ts";
import { hubQuestions } from "../prompts/hub_questions.ts";
import { command, nameOption } from "./command.ts";
import { givenSecret, secretFileOption } from "./secret.ts";

/** The hub where none is named: one on this machine. */
export const DEFAULT_HUB = formatAddress({ host: "127.0.0.1", port: DEFAULT_PORT });

/** A command with the options that asking a hub takes. */
export function askHubCommand(name: string) {
  return command(name)
    .argument("[host:port]", "the hub", DEFAULT_HUB)
    .addOption(nameOption("--name <me>", "who asks (default: the name of this machine)"))
    .addOption(hubSecretOption())
    .addOption(trustNewOption());
}

/** `--trust-new`: no question about a new hub. */
export function trustNewOption() {
  return new Option("--trust-new", "pin a hub's key at first contact without asking").default(
    false,
  );
}

/** `--secret-file` of those who connect. */
export function hubSecretOption() {
  return secretFileOption("the hub's secret (also env P2P_SECRET, or asked for)");
}

/** `--remember`: the key that a code has shown is kept. */
export function rememberOption() {
  return new Option("--remember", "after a code: keep the other's key under its name").default(
    false,
  );
}

/** `--qr`: a code for a camera. */
export function qrOption() {
  return new Option("--qr", "show the line for the other side as a QR code too").default(false);
}

/** The hub, and the person who connects to it, as the command line has them. */
export interface HubChoices extends ClientDisplayOptions {
  /** `HOST[:PORT]`. */
  hub: string;
  home?: string | undefined;
  name?: string | undefined;
  secretFile?: string | undefined;
  trustNew?: boolean;
  signal: AbortSignal;
}

/** The client of a command: it asks on the terminal, and shows on `output` what happens. */
export async function openClient(choices: HubChoices, output: Output): Promise<HubClient> {
  const address = parseAddress(choices.hub);
  const { home = defaultHome() } = choices;
  const identity = await loadIdentity(home);
  const person = { address, home, identity, name: choices.name ?? ownName(identity) };
  return new HubClient({
    ...person,
    secret: { known: await givenSecret(choices) },
    questions: hubQuestions(choices),
    onEvent: showClientEvents(person, output, choices),
  });
}
