import { stderr } from "node:process";
import { decodeKey } from "../../secure/static_key.ts";
import { fromHex } from "../../bytes.ts";
import { P2pError } from "../../errors.ts";
import { fingerprint } from "../../secure/fingerprint.ts";
import { loadIdentity } from "../../home/identity.ts";
import { forgetHub, knownHubs } from "../../home/known_hubs.ts";
import {
  addPerson,
  forgetLine,
  forgetPerson,
  isVouched,
  knownPeople,
  type KnownPerson,
  renamePerson,
} from "../../home/known_people.ts";
import { formatDate } from "../../units.ts";
import { sameName } from "../../names/folded_name.ts";
import { nameColumn } from "../../ui/name_column.ts";
import { printableName } from "../../ui/printable.ts";
import { isInteractive } from "../../ui/terminal.ts";
import { command, parseName } from "../options/command.ts";
import { forgotLine } from "../display/hubs.ts";
import { endedByUser } from "../interrupt.ts";
import { type World, worldOf } from "../world.ts";

/** `p2p trust`: whose keys this machine knows, and who says so. */
export function trustCommand() {
  return command("trust")
    .action((options) => list(worldOf(options)))
    .addCommand(
      command("list").description("list them, as `p2p trust` alone does")
        .action((_, self) => list(worldOf(self.optsWithGlobals()))),
    )
    .addCommand(
      command("add").description("trust somebody's key, as `p2p id` shows it there")
        .argument("<name>").argument("<key>")
        .action((name, key, _, self) => add(worldOf(self.optsWithGlobals()), { name, key })),
    )
    .addCommand(
      command("rename").description("rename somebody you trust")
        .argument("<name>").argument("<new>")
        .action((from, to, _, self) => rename(worldOf(self.optsWithGlobals()), { from, to })),
    )
    .addCommand(
      command("forget").description("forget a person, or a hub by its HOST:PORT")
        .argument("<name>")
        .action((name, _, self) => forget(worldOf(self.optsWithGlobals()), name)),
    )
    .addCommand(
      command("verify").description(
        "compare words with somebody, to know that nobody is in between",
      )
        .argument("<name>")
        .action((name, _, self) => verify(worldOf(self.optsWithGlobals()), name)),
    );
}

async function list({ home, output }: World) {
  const people = await knownPeople(home);
  const hubs = (await knownHubs(home)).filter((hub) => hub.key !== undefined);
  if (people.length + hubs.length === 0) output.note("nobody is known here yet");
  const names = [...people.map(({ name }) => name), ...hubs.map(({ address }) => address)];
  const inColumn = nameColumn(names);
  const line = (name: string, key: Uint8Array, by: string) =>
    output.result(`${inColumn(name)}  ${fingerprint(key)}  ${by}`);
  for (const person of people) {
    const { name, via, since } = person;
    const key = decodeKey(person.key);
    output.event({ event: "known", person: name, fingerprint: fingerprint(key), via, since });
    line(name, key, `${vouchedBy(person)} since ${formatDate(Date.parse(since))}`);
  }
  for (const { address, since, ...hub } of hubs) {
    const key = decodeKey(hub.key!);
    output.event({ event: "known", hub: address, fingerprint: fingerprint(key), since });
    line(address, key, `hub, met ${formatDate(Date.parse(since))}`);
  }
}

function vouchedBy({ via }: KnownPerson): string {
  if (via === "hand") return "verified by you,";
  return via === "code"
    ? "met by a code,"
    : `according to hub ${printableName(via)} (not verified),`;
}

async function add({ home, output }: World, { name, key }: { name: string; key: string }) {
  if (!/^[0-9a-f]{64}$/.test(key)) {
    throw new P2pError("usage", `cannot read the key "${key}": a key has 64 hexadecimal digits`, {
      hint: "`p2p id` shows the key on the other machine",
    });
  }
  const bytes = fromHex(key);
  const checked = parseName(name);
  await addPerson(home, { name: checked, key: bytes, via: "hand" });
  output.result(`remembered ${output.style.bold(printableName(checked))} (${fingerprint(bytes)})`);
}

async function rename({ home, output }: World, { from, to }: { from: string; to: string }) {
  const checked = parseName(to);
  const renamed = await renamePerson(home, { from, to: checked });
  if (renamed.length === 0) throw unknown(from);
  output.result(`renamed ${printableName(from)} to ${output.style.bold(printableName(checked))}`);
}

async function forget({ home, output }: World, name: string) {
  const people = await forgetPerson(home, name);
  const hubs = await forgetHub(home, name);
  if (people.length + hubs.length === 0) throw unknown(name);
  for (const key of new Set([...people, ...hubs].map(({ key }) => key))) {
    output.result(forgotLine({ name, key }, output));
  }
}

/**
 * Both sides see the same words, unless somebody in between has given each of them a key of its
 * own.
 */
async function verify({ home, output }: World, name: string) {
  const person = await onlyOne(home, name);
  const { keyPair } = await loadIdentity(home);
  const { sharedWords } = await import("../../secure/shared_words.ts");
  const words = sharedWords(keyPair.id, decodeKey(person.key));
  output.event({ event: "words", person: person.name, words });
  output.result(output.style.bold(words.join(" ")));
  output.note(
    `ask ${
      printableName(person.name)
    } to run \`p2p trust verify\` with your name, and read the words to each other`,
  );
  if (!isInteractive()) return;
  const { confirm, isCancel } = await import("@clack/prompts");
  const message = `Are the words of ${printableName(person.name)} the same?`;
  const same = await confirm({ message, initialValue: false, output: stderr });
  if (isCancel(same)) throw endedByUser();
  if (!same) throw differ(person);
  await addPerson(home, { name: person.name, key: decodeKey(person.key), via: "hand" });
  output.result(`${output.style.bold(printableName(person.name))} is verified now`);
}

async function onlyOne(home: string, name: string): Promise<KnownPerson> {
  const called = (await knownPeople(home)).filter((one) => sameName(one.name, name));
  const person = called.findLast(isVouched) ?? called.at(-1);
  if (person === undefined) throw unknown(name);
  if (isVouched(person) || called.every(({ key }) => key === person.key)) return person;
  throw new P2pError("refused", `there are several people called "${name}", at different hubs`, {
    hint: `run \`${forgetLine(name)}\`, then send to the one whom you mean`,
  });
}

function differ({ name }: KnownPerson): P2pError {
  return new P2pError(
    "refused",
    `the words differ: the key stored for "${name}" is not theirs, somebody may be in between`,
    {
      hint: `run \`${forgetLine(name)}\`, and ask "${name}" for the key that \`p2p id\` shows`,
    },
  );
}

function unknown(name: string): P2pError {
  return new P2pError("refused", `nobody called "${name}" is known here`, {
    hint: "see who is with `p2p trust`",
  });
}
