import { Option } from "@commander-js/extra-typings";
import { HubClient } from "../../client/hub_client.ts";
import { defaultHome } from "../../home/default_home.ts";
import { loadIdentity, ownName } from "../../home/identity.ts";
import { type ClientDisplayOptions, showClientEvents } from "../display/client_events.ts";
import type { Output } from "../display/output.ts";
import { hubQuestions } from "../prompts/hub_questions.ts";
import { chosenHub, HUB_ARGUMENT } from "./chosen_hub.ts";
import { command, nameOption } from "./command.ts";
import { givenSecret, secretFileOption } from "./secret.ts";

/** A command with the options that asking a hub takes. */
export function askHubCommand(name: string) {
  return command(name)
    .argument("[host:port]", HUB_ARGUMENT)
    .addOption(nameOption("-n, --name <me>", "who asks (default: the name of this machine)"))
    .addOption(hubSecretOption())
    .addOption(trustNewOption())
    .addOption(noRememberOption());
}

/** `--trust-new`: no question about a new hub. */
export function trustNewOption() {
  return new Option("-y, --trust-new", "pin a hub's key at first contact without asking").default(
    false,
  );
}

/** `--no-remember`: a hub that is new leaves nothing here. */
export function noRememberOption() {
  return new Option("--no-remember", "keep neither the key nor the secret of a hub that is new");
}

/** `--secret-file` of those who connect. */
export function hubSecretOption() {
  return secretFileOption("the hub's secret (also env P2P_SECRET, or asked for)");
}

/** `--remember`: the key that a code has shown is kept. */
export function rememberOption() {
  return new Option("--remember", "after a code: keep the other's key under its name");
}

/** `--qr`: a code for a camera. */
export function qrOption() {
  return new Option("--qr", "show the line for the other side as a QR code too").default(false);
}

/** The hub, and the person who connects to it, as the command line has them. */
export interface HubChoices extends ClientDisplayOptions {
  /** `HOST[:PORT]`, or the name of a known hub; undefined for the one that is meant then. */
  hub?: string | undefined;
  home?: string | undefined;
  name?: string | undefined;
  secretFile?: string | undefined;
  trustNew?: boolean;
  /** False to keep nothing of a hub that is new. */
  remember?: boolean | undefined;
  signal: AbortSignal;
}

/** The client of a command: it asks on the terminal, and shows on `output` what happens. */
export async function openClient(choices: HubChoices, output: Output): Promise<HubClient> {
  const { home = defaultHome(), remember } = choices;
  const { address } = await chosenHub(home, choices.hub);
  const identity = await loadIdentity(home);
  const naming = choices.name !== undefined
    ? "chosen"
    : identity.name === undefined
    ? "host"
    : "own";
  const person = {
    address,
    home,
    identity,
    naming,
    name: choices.name ?? ownName(identity),
  } as const;
  return new HubClient({
    ...person,
    secret: { known: await givenSecret(choices) },
    ...remember !== undefined && { remember },
    questions: hubQuestions(choices),
    onEvent: showClientEvents(person, output, choices),
  });
}
