import { Option } from "@commander-js/extra-typings";
import { P2pError } from "../../errors.ts";

/** How many CSV rows or lines are shown where nobody says. */
const DEFAULT_ROWS = 20;

/** `--preview-rows N`: CSV rows and lines of JSON and text that are shown. */
export function previewRowsOption() {
  return new Option("--preview-rows <n>", "CSV rows and JSON lines that are shown")
    .default(DEFAULT_ROWS).argParser(parseRows);
}

function parseRows(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new P2pError("usage", `cannot read number of rows "${text}"`, {
    hint: "write --preview-rows 20",
  });
}
