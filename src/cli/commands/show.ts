import { basename } from "node:path";
import { P2pError } from "../../errors.ts";
import { capabilitiesOf } from "../../preview/capabilities.ts";
import { preview } from "../../preview/preview.ts";
import { terminalSize } from "../../ui/terminal.ts";
import { command } from "../options/command.ts";
import { Output } from "../display/output.ts";
import { previewRowsOption } from "../options/receive_options.ts";

/** `p2p show FILE`: a local file, as it would be shown when it arrives. */
export function showCommand() {
  return command("show")
    .argument("<file>")
    .addOption(previewRowsOption())
    .action((file, options) => runShow(file, options));
}

/** Prints the preview of a file; "local" where it is not there or not a regular file. */
export async function runShow(
  file: string,
  options: { previewRows: number; color: boolean; json?: true; quiet?: true },
): Promise<void> {
  const { size } = await statFile(file);
  const isTerminal = Deno.stdout.isTerminal() && options.color && !options.json;
  const { columns, rows } = terminalSize();
  const capabilities = capabilitiesOf(Deno.env.toObject(), isTerminal);
  const { previewRows } = options;
  const lines = await preview(file, { columns, rows, previewRows, ...capabilities });
  const output = new Output(options);
  output.event({ event: "shown", name: basename(file), bytes: size, preview: lines });
  for (const line of lines) output.result(line);
}

async function statFile(file: string): Promise<Deno.FileInfo> {
  const info = await Deno.stat(file).catch((cause) => {
    throw new P2pError("local", `cannot show "${file}": ${reasonOf(cause)}`, { cause });
  });
  if (!info.isFile) throw new P2pError("local", `cannot show "${file}": it is not a regular file`);
  return info;
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "it is not there";
  return error instanceof Error ? error.message : String(error);
}
