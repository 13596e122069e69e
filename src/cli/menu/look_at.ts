import { capabilitiesOf } from "../../preview/capabilities.ts";
import { preview } from "../../preview/preview.ts";
import { terminalSize } from "../../ui/terminal.ts";
import { Output } from "../display/output.ts";

/** Rows that stay free for the question below the preview. */
const FREE_ROWS = 4;

/** Rows that a table needs around its own. */
const AROUND_ROWS = 6;

const MAX_PREVIEW_ROWS = 20;

/** Shows a local file, small enough to stay on the screen with a question below it. */
export async function lookAt(path: string, { color }: { color: boolean }): Promise<void> {
  const { columns, rows } = terminalSize();
  const room = Math.max(rows - FREE_ROWS, 1);
  const lines = await preview(path, {
    columns,
    rows: room,
    previewRows: Math.min(Math.max(room - AROUND_ROWS, 1), MAX_PREVIEW_ROWS),
    ...capabilitiesOf(Deno.env.toObject(), color),
  });
  new Output({ color }).result(lines.join("\n"));
}
