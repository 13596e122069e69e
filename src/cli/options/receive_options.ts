import { Option } from "@commander-js/extra-typings";
import { P2pError } from "../../errors.ts";
import { type Kind, KINDS } from "../../protocol/messages.ts";
import { parseSize } from "../../units.ts";

/** `--types image,csv`: the kinds that are accepted. */
export function typesOption() {
  return new Option("--types <kinds>", "kinds that are accepted: image,csv,json,file").argParser(
    parseKinds,
  );
}

/** `--on-conflict`: what to do with a name that is taken. */
export function onConflictOption() {
  return new Option(
    "--on-conflict <how>",
    "a name that is taken: number the new one, leave it, or replace what is there",
  )
    .choices(["rename", "skip", "overwrite"] as const).default("rename" as const);
}

/** `--accept`: whose files are taken. */
export function acceptOption() {
  return new Option(
    "--accept <whom>",
    "take from all, from keys in `p2p trust` only, or ask for every offer",
  )
    .choices(["all", "known", "ask"] as const).default("all" as const);
}

/** `--max-file-size 2GB`. */
export function maxFileSizeOption() {
  return new Option("--max-file-size <size>", "largest file or folder that is accepted, e.g. 2GB")
    .argParser(parseSize);
}

/** `--allow-hidden`: leave a leading `.` or `-` as it is. */
export function allowHiddenOption() {
  return new Option("--allow-hidden", "keep names that start with . or - (else _ is put in front)")
    .default(false);
}

function parseKinds(text: string): Kind[] {
  return text.split(",").map((word) => {
    const kind = KINDS.find((known) => known === word.trim());
    if (kind !== undefined) return kind;
    throw new P2pError("usage", `cannot read --types "${text}": "${word}" is no kind`, {
      hint: `kinds are ${KINDS.join(", ")}`,
    });
  });
}
