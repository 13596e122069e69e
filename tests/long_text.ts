// deno-lint-ignore-file no-console -- what it prints is what it is for
/** Text as long as a peer can make it, through everything that looks at such text; says what is done, a line each. */
import { cellType } from "../src/preview/csv/cell_type.ts";
import { readCsvRows } from "../src/preview/csv/csv_rows.ts";
import { fitText } from "../src/preview/text/fit_text.ts";
import { readJson } from "../src/preview/json/json_tree.ts";
import { checkedSixel } from "../src/preview/image/draw_sixel.ts";
import { decodeMessage } from "../src/protocol/messages.ts";
import { checkedPeerName } from "../src/names/peer_name.ts";
import { base64url, hex } from "../src/protocol/schema.ts";
import { checkedPath, topName } from "../src/names/file_name.ts";
import { foldedName } from "../src/names/folded_name.ts";
import { numberedName } from "../src/names/numbered_name.ts";
import { kindOf } from "../src/transfer/source/kind.ts";
import { printable, printableJson } from "../src/ui/printable.ts";
import { fullOr } from "./helpers/full_or.ts";

/** The longest that a name is looked at, and far more than that. */
const LENGTHS = [250, fullOr(100_000, 10_000)];

/** What makes expressions try again and again: runs of what they repeat, and an end that fits nothing. */
const REPEATED = [
  ...["a", "1", ".", "-", " ", "\t", "1,", "1.", "1 ", "-a", "a.a", "::", "é", "😀"],
  ...["\u0301", "\u202e", "\r", "\x1b[1;", '"', '\\"', '"a",', "{", "[1,"],
];
const texts = LENGTHS.flatMap((length) =>
  REPEATED.flatMap((part) =>
    ["", "!", "\0", "\n"].map((end) => part.repeat(length / part.length) + end)
  )
);

const encoder = new TextEncoder();

const LOOKERS: Record<string, (text: string) => unknown> = {
  base64url: (text) => base64url(text.length)(text, "x"),
  cellType,
  checkedPath: (text) => checkedPath([text]),
  checkedPeerName,
  checkedSixel: (text) => checkedSixel(encoder.encode(`\x1bP0;1;q${text}\x1b\\`)),
  decodeMessage: (text) => decodeMessage(encoder.encode(`{"type":"ping","x":"${text}"}`)),
  fitText: (text) => fitText(text, 80),
  foldedName,
  hex: (text) => hex(text.length)(text, "x"),
  kindOf: (text) => kindOf(encoder.encode(text), text),
  numberedName: (text) => numberedName(text, 1),
  printable,
  printableJson,
  readCsvRows: (text) => readCsvRows(text.slice(0, 4_096), true),
  readJson: (text) => readJson(text, true),
  topName: (text) => topName(text, { allowHidden: false }),
};

for (const [name, look] of Object.entries(LOOKERS)) {
  for (const text of texts) {
    try {
      await look(text);
    } catch {
      // A refusal is as good as an answer.
    }
  }
  console.log(name);
}
console.log("all of it");
