import { Option } from "@commander-js/extra-typings";
import { P2pError } from "../../errors.ts";
import { checkedPeerName } from "../../names/peer_name.ts";
import { type Code, looksLikeCode, parseCode } from "../../secure/code.ts";
import { loadIdentity } from "../../home/identity.ts";
import type { Item } from "../../client/deliver.ts";
import { formatAddress, parseAddress } from "../../transport/address.ts";
import { parseDuration, parseRate } from "../../units.ts";
import type { PeopleChoice } from "../../client/recipients.ts";
import { qrOption, rememberOption } from "../options/code_options.ts";
import { command, nameOption } from "../options/command.ts";
import { worse } from "../exit_code.ts";
import { secretFileOption, secretSource } from "../options/secret.ts";
import { defaultHome } from "../../home/default_home.ts";
import { hostName } from "../../home/host_name.ts";
import { withInterrupt } from "../interrupt.ts";
import { fileItem, stdinItem, textItem } from "../../client/items.ts";
import { Output } from "../display/output.ts";
import { sendAgain } from "../../client/send_again.ts";
import { sendItems } from "../../client/send_items.ts";
import { askTrust } from "../prompts/ask_trust.ts";

/** `p2p send`: files, folders, standard input or a text, to a hub. */
export function sendCommand() {
  return sendOptions().action((files, options) =>
    withInterrupt((signal) => send(files, { ...options, signal }))
  );
}

type SendOptions = ReturnType<ReturnType<typeof sendOptions>["opts"]>;

function sendOptions() {
  return command("send")
    .argument("[files...]", "files and folders; - is standard input and wants --as NAME")
    .addOption(new Option("--to <host:port>", "the hub").env("P2P_TO"))
    .addOption(
      new Option("--peer <name>", "relay to this person; may be given more than once")
        .argParser((name: string, names: string[] | undefined) => [...names ?? [], name]),
    )
    .addOption(new Option("--all", "to all who are joined now, except the sender").default(false))
    .addOption(nameOption("--name <me>", "who it is from (default: the name of this machine)"))
    .addOption(new Option("--as <name>", "name at the receiver, for one file or standard input"))
    .addOption(new Option("--text <text>", "send a snippet of text instead of a file"))
    .addOption(
      new Option("--wait <until>", "what counts as done").choices(["stored", "delivered"] as const),
    )
    .addOption(
      new Option("--code [code]", "to whoever shares a one-time code: one that is made, or CODE"),
    )
    .addOption(rememberOption())
    .addOption(qrOption())
    .addOption(secretFileOption("the hub's secret (also env P2P_SECRET, or asked for)"))
    .addOption(
      new Option("--trust-new", "pin a hub's key at first contact without asking").default(false),
    )
    .addOption(new Option("--limit <rate>", "no faster than this, e.g. 5MB/s").argParser(parseRate))
    .addOption(
      new Option("--give-up <after>", "how long to reconnect after a cut").default(
        parseDuration("60s"),
        "60s",
      ).argParser(parseDuration),
    )
    .addOption(new Option("--no-resume", "start over, even if part of it is already there"))
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
  const { items, people, code } = await choiceOf(files, options);
  const output = new Output(options);
  if (items.length === 0) {
    return output.event({ event: "done", delivered: 0, stored: 0, failed: 0 });
  }
  const address = parseAddress(required(options.to));
  const home = options.home ?? defaultHome();
  const identity = await loadIdentity(home);
  const name = checkedPeerName(options.name ?? identity.name ?? hostName());
  const choices = {
    to: address,
    identity,
    name,
    home,
    trustNew: askTrust(formatAddress(address), options),
    secret: await secretSource(options),
    people,
    wait: options.wait,
    fresh: !options.resume,
    giveUpMs: options.giveUp,
    limit: options.limit,
    goOn: "run the same line again: it goes on where it stopped",
    output,
    signal: options.signal,
  };
  const exitCode = code === undefined
    ? await sendItems(items, choices)
    : await (await import("../../client/send_by_code.ts")).sendByCode(items, {
      ...options,
      ...choices,
      code,
    });
  Deno.exitCode = worse(Deno.exitCode, exitCode);
}

interface Choice {
  items: Item[];
  people: PeopleChoice | undefined;
  /** How to find the one to send to; "new" for a code that is made here. */
  code?: Code | "new" | undefined;
}

/** What to send to whom, from the command line, or from what was sent before. */
async function choiceOf(
  files: string[],
  options: SendOptions & { signal: AbortSignal },
): Promise<Choice> {
  const { again, missing } = options;
  if (again === undefined) {
    if (!missing) return firstChoice(files, options);
    throw new P2pError("usage", "--missing goes with --again");
  }
  const { text, as, peer, all } = options;
  if (files.length > 0 || all || [text, as, peer].some((option) => option !== undefined)) {
    throw new P2pError("usage", "--again says already what is sent to whom", {
      hint: "p2p send --again ID --missing --to HOST:PORT",
    });
  }
  const { item, people } = await sendAgain({ ...options, again, to: required(options.to) });
  return { items: people.names.length === 0 ? [] : [item], people };
}

/** `--code` takes a code where one follows, and leaves a file that follows where it belongs. */
function firstChoice(files: string[], options: SendOptions): Choice {
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
  const typed = typeof code === "string" && looksLikeCode(code) ? parseCode(code) : undefined;
  const all = typeof code === "string" && typed === undefined ? [code, ...files] : files;
  return {
    items: itemsOf(all, options),
    people,
    code: code === false ? undefined : typed ?? "new",
  };
}

/** Whom to send to, from the command line; undefined for the hub itself. */
function peopleOf({ peer, all }: SendOptions): PeopleChoice | undefined {
  if (all && peer !== undefined) {
    throw new P2pError("usage", "--all and --peer cannot be given together", {
      hint: "--all is everybody who is joined",
    });
  }
  return all || peer !== undefined ? { names: [...new Set(peer)], all } : undefined;
}

/** What to send, from the command line; "usage" for combinations that make no sense. */
function itemsOf(files: string[], { text, as }: SendOptions): Item[] {
  if (text !== undefined) {
    if (files.length === 0) return [textItem(text, as)];
    throw new P2pError("usage", "--text is sent instead of a file, and a file is given too");
  }
  if (files.length === 0) {
    throw new P2pError("usage", "nothing to send: no file is given", {
      hint: "p2p send FILE --to HOST:PORT, or --text for a snippet",
    });
  }
  if (as !== undefined && files.length > 1) {
    throw new P2pError("usage", `--as names one file, and ${files.length} are given`, {
      hint: "send them one by one",
    });
  }
  return files.map((file) => file === "-" ? stdinItem(named(as)) : fileItem(file, as));
}

function named(as: string | undefined): string {
  if (as !== undefined) return as;
  throw new P2pError("usage", "standard input has no name", { hint: "name it with --as NAME" });
}

function required(to: string | undefined): string {
  if (to !== undefined) return to;
  throw new P2pError("usage", "nowhere to send to: --to is missing", {
    hint: "name the hub with --to HOST:PORT or in P2P_TO",
  });
}
