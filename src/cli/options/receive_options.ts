import { type Command, Option, type OptionValues } from "@commander-js/extra-typings";
import { P2pError } from "../../errors.ts";
import { DEFAULT_DIR } from "../../home/settings.ts";
import { type Kind, KINDS } from "../../protocol/messages.ts";
import { parseSize } from "../../units.ts";

/** CSV rows and lines that are shown by default. */
const DEFAULT_ROWS = 20;

/** Adds the options of all who receive: what is taken, where it is put, and how it is shown. */
export function withReceiveOptions<Args extends unknown[], Options extends OptionValues>(
  command: Command<Args, Options>,
) {
  return command
    .addOption(new Option("--dir <dir>", "where files are put").default(DEFAULT_DIR))
    .addOption(
      new Option(
        "--accept <whom>",
        "take from all, from keys in `p2p trust` only, or ask for every offer",
      ).choices(["all", "known", "ask"] as const).default("all" as const),
    )
    .addOption(
      new Option("--types <kinds>", "kinds that are accepted: image,csv,json,file")
        .argParser(parseKinds),
    )
    .addOption(
      new Option("--max-file-size <size>", "largest file or folder that is accepted, e.g. 2GB")
        .argParser(parseSize),
    )
    .addOption(
      new Option("--allow-hidden", "keep names that start with . or - (else _ is put in front)")
        .default(false),
    )
    .addOption(
      new Option(
        "--on-conflict <how>",
        "a name that is taken: number the new one, leave it, or replace what is there",
      ).choices(["rename", "skip", "overwrite"] as const).default("rename" as const),
    )
    .addOption(
      new Option(
        "--preview <when>",
        "show what arrived: pictures, tables, JSON; auto: on a terminal",
      ).choices(["auto", "always", "never"] as const).default("auto" as const),
    )
    .addOption(previewRowsOption());
}

/** `--preview-rows N`: CSV rows and lines of JSON and text that are shown. */
export function previewRowsOption() {
  return new Option("--preview-rows <n>", "CSV rows and JSON lines that are shown")
    .default(DEFAULT_ROWS).argParser(parseRows);
}

function parseKinds(text: string): Kind[] {
  return text.split(",").map((word) => {
    const kind = KINDS.find((known) => known === word.trim());
    if (kind !== undefined) return kind;
    throw new P2pError("usage", `cannot read --types "${text}": "${word}" is not a kind`, {
      hint: `kinds are ${KINDS.join(", ")}`,
    });
  });
}

function parseRows(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new P2pError("usage", `cannot read number of rows "${text}"`, {
    hint: "write --preview-rows 20",
  });
}
