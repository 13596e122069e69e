import { P2pError } from "../../errors.ts";
import { findHub, forgetHub, knownHubs, useHub } from "../../home/known_hubs.ts";
import { checkedHubName, hostAddressOf } from "../../names/hub_name.ts";
import { formatAddress, parseAddress } from "../../transport/address.ts";
import { printableName } from "../../ui/printable.ts";
import { forgotLine, showHubs } from "../display/hubs.ts";
import { command } from "../options/command.ts";
import { type World, worldOf } from "../world.ts";

/** `p2p hub`: the hubs that this machine knows, and the one in use. */
export function hubCommand() {
  return command("hub")
    .action(async (options) => {
      const { home, output } = worldOf(options);
      showHubs(await knownHubs(home), output);
    })
    .addCommand(
      command("add").description("give a hub a short name, and put it in use")
        .argument("<name>").argument("<host:port>")
        .action((name, host, _, self) => add(worldOf(self.optsWithGlobals()), { name, host })),
    )
    .addCommand(
      command("use").description("put a known hub in use, for lines that name none")
        .argument("<name>", "its short name, or HOST:PORT")
        .action((name, _, self) => use(worldOf(self.optsWithGlobals()), name)),
    )
    .addCommand(
      command("forget").description("forget a hub: its key, its secret, your name there")
        .argument("<name>", "its short name, or HOST:PORT")
        .action((name, _, self) => forget(worldOf(self.optsWithGlobals()), name)),
    );
}

async function add({ home, output }: World, { name, host }: { name: string; host: string }) {
  const checked = checkedHubName(name);
  const known = findHub(await knownHubs(home), host);
  const address = known?.address ?? formatAddress(parseAddress(host));
  const other = await hostAddressOf(checked);
  if (other !== undefined) throw alsoHost(checked, other);
  await useHub(home, address, checked);
  output.result(`${output.style.bold(printableName(checked))} is ${address}, and in use`);
}

async function use({ home, output }: World, text: string) {
  const hub = findHub(await knownHubs(home), text);
  if (hub === undefined) throw unknown(text);
  await useHub(home, hub.address);
  output.result(`${output.style.bold(printableName(hub.name ?? hub.address))} is in use`);
}

async function forget({ home, output }: World, text: string) {
  const [hub] = await forgetHub(home, text);
  if (hub === undefined) throw unknown(text);
  output.result(forgotLine({ name: text, key: hub.key }, output));
}

function alsoHost(name: string, address: string): P2pError {
  return new P2pError("refused", `"${name}" is the name of a host already: ${address}`, {
    hint: `take another name; \`--to ${name}:PORT\` goes to that host`,
  });
}

function unknown(text: string): P2pError {
  return new P2pError("refused", `no hub "${text}" is known here`, {
    hint: "see which are with `p2p hub`; `p2p hub add NAME HOST` adds one",
  });
}
