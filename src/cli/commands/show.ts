import { basename } from "node:path";
import { P2pError } from "../../errors.ts";
import { systemWords } from "../../system_error.ts";
import { capabilitiesOf } from "../../preview/capabilities.ts";
import { preview } from "../../preview/preview.ts";
import { printable } from "../../ui/printable.ts";
import { terminalSize } from "../../ui/terminal.ts";
import { formatBytes } from "../../units.ts";
import { command } from "../options/command.ts";
import { Output } from "../display/output.ts";
import { previewRowsOption } from "../options/receive_options.ts";
import { exitCode } from "../exit_code.ts";

/** The options of `show`. */
interface ShowOptions {
  previewRows: number;
  color: boolean;
  json?: true;
  quiet?: true;
}

/** The most of standard input that is shown: as much as a picture may have. */
const MAX_INPUT_BYTES = 32 * 1024 * 1024;

/** `p2p show FILE...`: local files, or `-` for standard input, as they would be shown on arrival. */
export function showCommand() {
  return command("show")
    .argument("<files...>")
    .addOption(previewRowsOption())
    .action((files, options) => runShow(files, options));
}

/** Prints the preview of each file; "local" where one is missing, unreadable or not a regular file. */
export async function runShow(files: readonly string[], options: ShowOptions): Promise<void> {
  const output = new Output(options);
  for (const [i, file] of files.entries()) {
    if (files.length > 1) output.result(`${i > 0 ? "\n" : ""}${printable(file)}:`);
    try {
      await showFile(file, { options, output });
    } catch (error) {
      if (files.length === 1) throw error;
      output.failure(error);
      Deno.exitCode = exitCode("local");
    }
  }
}

async function showFile(
  file: string,
  { options, output }: { options: ShowOptions; output: Output },
): Promise<void> {
  await using input = file === "-" ? await keepInput() : undefined;
  const path = input?.path ?? file;
  const size = await sizeOf(path, file);
  const isTerminal = Deno.stdout.isTerminal() && options.color && !options.json;
  const { columns, rows } = terminalSize();
  const capabilities = capabilitiesOf(Deno.env.toObject(), isTerminal);
  const { previewRows } = options;
  const lines = await preview(path, { columns, rows, previewRows, ...capabilities });
  output.event({ event: "shown", name: basename(file), bytes: size, preview: lines });
  for (const line of lines) output.result(line);
}

/** Copies standard input to a file, which goes when it is disposed of. */
async function keepInput(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempFile({ prefix: "p2p-show-" });
  const remove = () => Deno.remove(path);
  try {
    using file = await Deno.open(path, { write: true });
    let length = 0;
    for await (const chunk of Deno.stdin.readable) {
      length += chunk.length;
      if (length > MAX_INPUT_BYTES) {
        const most = formatBytes(MAX_INPUT_BYTES);
        throw new P2pError("local", `cannot show standard input: it is larger than ${most}`);
      }
      for (let at = 0; at < chunk.length;) at += await file.write(chunk.subarray(at));
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return { path, [Symbol.asyncDispose]: remove };
}

async function sizeOf(path: string, name: string): Promise<number> {
  try {
    const { isFile, size } = await Deno.stat(path);
    // What is not a regular file is not opened: a pipe would wait for a writer.
    if (isFile) {
      (await Deno.open(path)).close();
      return size;
    }
  } catch (cause) {
    throw new P2pError("local", failureOf(cause, name), { cause });
  }
  throw new P2pError("local", `cannot show "${name}": it is not a regular file`);
}

function failureOf(error: unknown, name: string): string {
  if (error instanceof Deno.errors.NotFound) return `no such file: ${name}`;
  if (error instanceof Deno.errors.PermissionDenied) {
    return `cannot read "${name}": permission denied`;
  }
  return `cannot show "${name}": ${systemWords(error)}`;
}
