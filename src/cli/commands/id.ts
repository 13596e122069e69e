import { toHex } from "../../bytes.ts";
import { fingerprint, fingerprintWords } from "../../secure/fingerprint.ts";
import { loadIdentity, ownName, renameIdentity } from "../../home/identity.ts";
import { printable } from "../../ui/printable.ts";
import { command, nameOption } from "../options/command.ts";
import { defaultHome } from "../../home/default_home.ts";
import { Output } from "../display/output.ts";

/** `p2p id`: who this machine is to others. */
export function idCommand() {
  return idOptions().action((options) => id(options));
}

type IdOptions = ReturnType<ReturnType<typeof idOptions>["opts"]>;

function idOptions() {
  return command("id")
    .addOption(nameOption("-n, --name <name>", "set this machine's name"));
}

async function id(options: IdOptions): Promise<void> {
  const output = new Output(options);
  const { home = defaultHome() } = options;
  const identity = options.name === undefined
    ? await loadIdentity(home)
    : await renameIdentity(home, options.name);
  const { id } = identity.keyPair;
  const name = ownName(identity);
  const shown = fingerprint(id);
  const words = await fingerprintWords(id);
  const key = toHex(id);
  output.event({ event: "identity", name, fingerprint: shown, words, key });
  output.result(`name         ${output.style.bold(printable(name))}`);
  output.result(`fingerprint  ${shown}`);
  output.result(`in words     ${words.join(" ")}`);
  output.result(`key          ${key}`);
}
