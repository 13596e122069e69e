import { capabilitiesOf } from "../preview/capabilities.ts";
import { preview } from "../preview/preview.ts";
import { terminalSize } from "../ui/terminal.ts";
import { Output } from "./output.ts";

/** Rows that stay free for the question below the preview. */
const FREE_ROWS = 4;

const PREVIEW_ROWS = 20;

/** Shows a local file, small enough to stay on the screen with a question below it. */
export async function lookAt(path: string, { color }: { color: boolean }): Promise<void> {
  const { columns, rows } = terminalSize();
  const lines = await preview(path, {
    columns,
    rows: Math.max(rows - FREE_ROWS, 1),
    previewRows: Math.min(PREVIEW_ROWS, Math.max(rows - FREE_ROWS, 1)),
    ...capabilitiesOf(Deno.env.toObject(), color),
  });
  new Output({ color }).result(lines.join("\n"));
}
