import { type Command, Option, type OptionValues } from "@commander-js/extra-typings";
import { P2pError } from "../../errors.ts";
import { type Code, namesCode } from "../../secure/code.ts";
import { parseDuration, parseRate } from "../../units.ts";
import type { PeopleChoice } from "../../client/recipients.ts";
import { HUB_ARGUMENT } from "../options/chosen_hub.ts";
import { command, nameOption } from "../options/command.ts";
import { withInterrupt } from "../interrupt.ts";
import { fileItem, type Item, streamItem, textItem } from "../../client/items.ts";
import type { HubClient } from "../../client/hub_client.ts";
import { Output } from "../display/output.ts";
import { GIVE_UP_MS, sendBatch } from "../../client/send_batch.ts";
import { storedLine } from "../../ui/event_lines.ts";
import { printableName } from "../../ui/printable.ts";
import { showBatchResult } from "../display/batch_result.ts";
import {
  hubSecretOption,
  noRememberOption,
  openClient,
  qrOption,
  rememberOption,
  trustNewOption,
} from "../options/hub_options.ts";
import { offerHub } from "../prompts/offer_hub.ts";

/** `p2p send`: files, folders, standard input or a text, to a hub. */
export function sendCommand() {
  return sendOptions().action((files, options) =>
    withInterrupt((signal) => send(files, { ...options, signal }), { hint: resumeHint(options) })
  );
}

/** What goes on after a cut: a code that was made is used up. */
function resumeHint({ code }: SendOptions): string {
  const line = code === undefined ? "the same line again" : "the line again for a new code";
  return `run ${line}: it goes on where it stopped`;
}

type SendOptions = ReturnType<ReturnType<typeof sendOptions>["opts"]>;

function sendOptions() {
  return withHowOptions(whatOptions());
}

/** What is sent, to whom, and from whom. */
function whatOptions() {
  return command("send")
    .argument("[files...]", "files and folders; - is standard input and wants --as NAME")
    .addOption(new Option("-t, --to <host:port>", HUB_ARGUMENT))
    .addOption(
      new Option("-p, --peer <name>", "relay to this person; may be given more than once")
        .argParser((name: string, names: string[] | undefined) => [...names ?? [], name]),
    )
    .addOption(new Option("--all", "to all who are joined now, except the sender").default(false))
    .addOption(nameOption("-n, --name <me>", "who it is from (default: the name of this machine)"))
    .addOption(new Option("--as <name>", "name at the receiver, for one file or standard input"))
    .addOption(new Option("--text <text>", "send a snippet of text instead of a file"))
    .addOption(
      new Option("--code [number]", "to whoever shares a one-time code: a new one, or that number"),
    )
    .addOption(rememberOption())
    .addOption(noRememberOption())
    .addOption(qrOption())
    .addOption(hubSecretOption())
    .addOption(trustNewOption());
}

/** How it is sent, and what of it. */
function withHowOptions<Args extends unknown[], Options extends OptionValues>(
  command: Command<Args, Options>,
) {
  return command
    .addOption(
      new Option("--wait <until>", "what counts as done").choices(["stored", "delivered"] as const),
    )
    .addOption(new Option("--limit <rate>", "no faster than this, e.g. 5MB/s").argParser(parseRate))
    .addOption(
      new Option(
        "--give-up <after>",
        "how long to reconnect after a cut, and to wait for a first answer (default: 60s)",
      ).argParser(parseDuration),
    )
    .addOption(
      new Option("--names <how>", "as they are, or changed so that every system can hold them")
        .choices(["keep", "portable"] as const).default("keep" as const),
    )
    .addOption(
      new Option("--skip-unreadable", "leave out of folders what cannot be read").default(false),
    )
    .addOption(
      new Option("--snapshot", "send what a file has now, also where it grows meanwhile").default(
        false,
      ),
    )
    .addOption(
      new Option("--no-resume", "start over, even if part of it, or all, is already there"),
    )
    .addOption(
      new Option("--again <id>", "send an earlier transfer again, by its id of `p2p status`"),
    )
    .addOption(
      new Option("--missing", "with --again: only to those who do not have it").default(false),
    );
}

async function send(
  files: string[],
  options: SendOptions & { signal: AbortSignal },
): Promise<void> {
  const output = new Output(options);
  const choice = await choiceOf(files, options, output);
  if (choice === undefined) {
    return output.event({ event: "done", delivered: 0, stored: 0, failed: 0 });
  }
  const { client, items, people, code } = choice;
  const { wait, resume, giveUp, limit, signal, remember } = options;
  const patience = { giveUpMs: giveUp ?? GIVE_UP_MS, waitsForHub: giveUp !== undefined };
  const how = { people, wait, restart: !resume, ...patience, limit, signal };
  await output.showProgress();
  try {
    const result = code === undefined
      ? await sendBatch(client, items, how)
      : await (await import("../../client/send_by_code.ts"))
        .sendByCode(client, items, { ...how, code, remember: remember === true });
    Deno.exitCode = showBatchResult(result, { output, resumeHint: resumeHint(options) });
  } finally {
    output.close();
  }
  await offerHub(client, options);
}

/** The person who sends, what, and to whom. */
interface Choice {
  client: HubClient;
  items: Item[];
  /** Undefined for the hub itself, or where a code says it. */
  people: PeopleChoice | undefined;
  /** Finds the one to send to; "new" for a code that is made here. */
  code?: Code | "new" | undefined;
}

/**
 * Reads from the command line, or from what was sent before, what goes to whom; undefined for
 * nothing at all.
 */
async function choiceOf(
  files: string[],
  options: SendOptions & { signal: AbortSignal },
  output: Output,
): Promise<Choice | undefined> {
  const { again, missing } = options;
  if (again !== undefined) return await choiceAgain(files, { ...options, again }, output);
  if (missing) throw new P2pError("usage", "--missing goes with --again");
  const choice = await firstChoice(files, options, output);
  return { ...choice, client: await clientOf(options, output) };
}

function clientOf(
  options: SendOptions & { signal: AbortSignal },
  output: Output,
): Promise<HubClient> {
  return openClient({ ...options, hub: options.to, resumeHint: resumeHint(options) }, output);
}

/** Reads `--again`; recipients for whom it waits at the hub are printed and left out. */
async function choiceAgain(
  files: string[],
  options: SendOptions & { again: string; signal: AbortSignal },
  output: Output,
): Promise<Choice | undefined> {
  const { again: id, missing, text, as, peer, all, signal } = options;
  if (files.length > 0 || all || [text, as, peer].some((option) => option !== undefined)) {
    throw new P2pError("usage", "--again says already what is sent to whom", {
      hint: "p2p send --again ID --missing --to HOST:PORT",
    });
  }
  const client = await clientOf(options, output);
  const { sendAgain } = await import("../../client/send_again.ts");
  const { item, name, names, waiting, delivered } = await sendAgain(client, {
    id,
    missing,
    signal,
  });
  for (const stored of waiting) {
    output.event(stored);
    output.result(storedLine(stored, output.style));
  }
  for (const to of delivered) {
    output.note(`${printableName(to)} has ${printableName(name)} already`);
  }
  return names.length === 0 ? undefined : { client, items: [item], people: { names, all: false } };
}

/** `--code` takes a code where one follows, and leaves a file that follows where it belongs. */
async function firstChoice(
  files: string[],
  options: SendOptions,
  output: Output,
): Promise<Omit<Choice, "client">> {
  const { code = false, remember, qr } = options;
  const people = peopleOf(options);
  if (code === false && (remember || qr)) {
    throw new P2pError("usage", `${remember ? "--remember" : "--qr"} goes with --code`);
  }
  if (code !== false && people !== undefined) {
    throw new P2pError("usage", "--code says already whom it is for", {
      hint: "leave --peer or --all out",
    });
  }
  const typed = typeof code === "string" && namesCode(code)
    ? await readCode(code, { files, output })
    : undefined;
  const all = typeof code === "string" && typed === undefined ? [code, ...files] : files;
  return {
    items: itemsOf(all, options),
    people,
    code: code === false ? undefined : typed ?? "new",
  };
}

async function readCode(
  typed: string,
  { files, output }: { files: string[]; output: Output },
): Promise<Code> {
  if (files.includes("-")) {
    throw new P2pError(
      "usage",
      "standard input is sent, and the words of the code come from there",
    );
  }
  const { typedCode } = await import("../prompts/typed_code.ts");
  return await typedCode(typed, output);
}

/** Reads from the command line the people to send to; undefined for the hub itself. */
function peopleOf({ peer, all }: SendOptions): PeopleChoice | undefined {
  if (all && peer !== undefined) {
    throw new P2pError("usage", "--all and --peer cannot be given together", {
      hint: "--all is everybody who is joined",
    });
  }
  return all || peer !== undefined ? { names: [...new Set(peer)], all } : undefined;
}

/** Reads from the command line what to send; "usage" for combinations that make no sense. */
function itemsOf(files: string[], { text, as, ...how }: SendOptions): Item[] {
  const { names, snapshot, skipUnreadable } = how;
  if (text !== undefined) {
    if (files.length === 0) return [textItem(notEmpty(text), as)];
    throw new P2pError("usage", "--text is sent instead of a file, and a file is given too");
  }
  if (files.length === 0) {
    throw new P2pError("usage", "nothing to send: name a file", {
      hint: "p2p send FILE --to HOST:PORT, or --text for a snippet",
    });
  }
  if (as !== undefined && files.length > 1) {
    throw new P2pError("usage", `--as names one file, and ${files.length} are given`, {
      hint: "send them one by one",
    });
  }
  return files.map((file) =>
    file === "-"
      ? streamItem(Deno.stdin.readable, named(as))
      : fileItem(file, { as, names, snapshot, skipUnreadable })
  );
}

function notEmpty(text: string): string {
  if (text !== "") return text;
  throw new P2pError("usage", "nothing to send: the text is empty", {
    hint: 'write it behind --text, as in --text "back at nine"',
  });
}

function named(as: string | undefined): string {
  if (as !== undefined) return as;
  throw new P2pError("usage", "standard input has no name", { hint: "name it with --as NAME" });
}
