import { Option } from "@commander-js/extra-typings";
import { basename, resolve } from "node:path";
import { P2pError } from "../errors.ts";
import { connect } from "../protocol/connect.ts";
import { checkedPeerName } from "../protocol/peer_name.ts";
import { loadIdentity } from "../secure/identity.ts";
import { deliver, type Item, type Outcome } from "../transfer/deliver.ts";
import type { TransferEvent } from "../transfer/events.ts";
import { Outbox } from "../transfer/outbox.ts";
import { openSource } from "../transfer/source.ts";
import { stdinSource, textSource } from "../transfer/stdin_source.ts";
import { type Address, formatAddress, parseAddress } from "../transport/address.ts";
import { deliveredLine } from "../ui/event_lines.ts";
import { formatDuration, parseDuration, parseRate } from "../ui/format.ts";
import { command, nameOption } from "./command.ts";
import { exitCodeOf, worse } from "./exit_code.ts";
import { defaultHome } from "./home.ts";
import { hostName } from "./host_name.ts";
import { withInterrupt } from "./interrupt.ts";
import { Output } from "./output.ts";
import { trustNewHub } from "./trust_new_hub.ts";

/** `p2p send`: files, folders, standard input or a text, to a hub. */
export function sendCommand() {
  return sendOptions().action((files, options) =>
    withInterrupt((signal) => send(files, { ...options, signal }))
  );
}

type SendOptions = ReturnType<ReturnType<typeof sendOptions>["opts"]>;

function sendOptions() {
  return command("send", "send files and folders to a hub")
    .argument("[files...]", "files and folders; - is standard input and wants --as NAME")
    .addOption(new Option("--to <host:port>", "the hub").env("P2P_TO"))
    .addOption(nameOption("--name <me>", "who it is from (default: the name of this machine)"))
    .addOption(new Option("--as <name>", "name at the receiver, for one file or standard input"))
    .addOption(new Option("--text <text>", "send a snippet of text instead of a file"))
    .addOption(
      new Option("--wait <until>", "what counts as done").choices(["stored", "delivered"] as const),
    )
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
    .addOption(new Option("--no-resume", "start over, even if part of it is already there"));
}

async function send(
  files: string[],
  options: SendOptions & { signal: AbortSignal },
): Promise<void> {
  const output = new Output(options);
  const items = itemsOf(files, options);
  const address = parseAddress(required(options.to));
  const home = options.home ?? defaultHome();
  const identity = await loadIdentity(home);
  const name = checkedPeerName(options.name ?? identity.name ?? hostName());
  const counts = { delivered: 0, stored: 0, failed: 0 };
  await output.showProgress();
  try {
    await deliver(items, {
      connect: () => connectTo(address, { identity, name, home, options, output }),
      to: formatAddress(address),
      outbox: new Outbox(home),
      fresh: !options.resume,
      giveUpMs: options.giveUp,
      limit: options.limit,
      report: (event) => showProgress(event, output),
      onReconnect: (error, pause) =>
        output.warning(`${error.message}; trying again in ${formatDuration(pause)}`),
      onOutcome: (outcome) => showOutcome(outcome, { output, counts }),
      signal: options.signal,
    });
  } finally {
    output.close();
    output.event({ event: "done", ...counts });
  }
}

/** What to send, from the command line; "usage" for combinations that make no sense. */
function itemsOf(files: string[], { text, as }: SendOptions): Item[] {
  if (text !== undefined) return [textItem(text, { files, as })];
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
  return files.map((file) => file === "-" ? stdinItem(as) : fileItem(file, as));
}

function fileItem(file: string, as: string | undefined): Item {
  return {
    label: basename(resolve(file)),
    path: resolve(file),
    open: () => openSource(file, { as }),
  };
}

function textItem(text: string, { files, as }: { files: string[]; as: string | undefined }): Item {
  if (files.length > 0) {
    throw new P2pError("usage", "--text is sent instead of a file, and a file is given too");
  }
  const name = as ?? "message.txt";
  return { label: name, path: `text:${text}`, open: () => Promise.resolve(textSource(text, name)) };
}

function stdinItem(as: string | undefined): Item {
  if (as === undefined) {
    throw new P2pError("usage", "standard input has no name", { hint: "name it with --as NAME" });
  }
  let opened = false;
  const open = () => {
    if (opened) {
      return Promise.reject(
        new P2pError(
          "connection",
          "the connection was lost, and standard input cannot be read again",
        ),
      );
    }
    opened = true;
    return stdinSource(Deno.stdin.readable, as);
  };
  return { label: as, path: "-", open };
}

function required(to: string | undefined): string {
  if (to !== undefined) return to;
  throw new P2pError("usage", "nowhere to send to: --to is missing", {
    hint: "name the hub with --to HOST:PORT or in P2P_TO",
  });
}

interface Caller {
  identity: Awaited<ReturnType<typeof loadIdentity>>;
  name: string;
  home: string;
  options: SendOptions & { signal: AbortSignal };
  output: Output;
}

async function connectTo(address: Address, { identity, name, home, options, output }: Caller) {
  const where = formatAddress(address);
  const connected = await connect(address, {
    identity,
    name,
    home,
    trustNew: trustNewHub(where, options),
    onPinned: (shown) => output.note(`${where} is new: its key ${shown} is remembered`),
    signal: options.signal,
  });
  output.event({
    event: "connected",
    ...address,
    name: connected.name,
    fingerprint: connected.fingerprint,
  });
  return connected;
}

function showProgress(event: TransferEvent, output: Output) {
  if (event.event !== "progress") return;
  output.event(event);
  output.progress({
    id: event.transfer,
    name: event.name,
    bytes: event.bytes,
    total: event.total ?? undefined,
  });
}

/** One line for each item, and the worst exit code of all. */
function showOutcome(
  { item, transfer, delivered, error, leftOut }: Outcome,
  { output, counts }: { output: Output; counts: { delivered: number; failed: number } },
) {
  for (const { path, what } of leftOut ?? []) output.warning(`left out "${path}": it is ${what}`);
  if (delivered !== undefined) {
    counts.delivered++;
    output.progressDone(delivered.transfer);
    output.event(delivered);
    return output.result(deliveredLine(delivered, output.style));
  }
  counts.failed++;
  if (transfer !== undefined) output.progressDone(transfer);
  if (error!.code === "interrupted") return; // Told once, for all of them.
  output.failure(withAdvice(error!), { name: item.label });
  Deno.exitCode = worse(Deno.exitCode, exitCodeOf(error));
}

/** A transfer that was cut off goes on when the same line is run again. */
function withAdvice(error: P2pError): P2pError {
  if (error.code !== "connection" || error.hint !== undefined) return error;
  const hint = "run the same line again: it goes on where it stopped";
  return new P2pError(error.code, error.message, { hint, cause: error });
}
