import { P2pError } from "../../errors.ts";
import { concat } from "../../bytes.ts";
import { DECODER_V8_FLAGS, MAX_DECODE_MS, MAX_START_MS } from "./image_limits.ts";

/** The hidden subcommand under which the compiled program decodes an image. */
export const DECODE_IMAGE = "__decode-image";

/** The input and the limits of the process. */
export interface ProcessOptions {
  /** Goes to its stdin, and is closed. */
  input: Deno.FsFile;
  /** The most it may write. */
  maxBytes: number;
  /** Starts it in place of {@link imageProcessCommand}. */
  command?: ImageProcessCommand;
  signal?: AbortSignal | undefined;
}

/** A program and its first arguments. */
export interface ImageProcessCommand {
  path: string;
  args: string[];
}

/**
 * Runs the decoding process and returns what it wrote. It is killed when it does not start in time
 * or works for too long, counted from its first byte, when it writes too much, and when `signal`
 * aborts; throws `refused`.
 */
export async function runImageProcess(
  args: readonly string[],
  { input, maxBytes, command = imageProcessCommand(), signal }: ProcessOptions,
): Promise<Uint8Array> {
  const child = new Deno.Command(command.path, {
    args: [...command.args, ...args],
    clearEnv: true,
    env: environment(),
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const deadline = new Deadline(() => kill(child));
  const abort = () => kill(child);
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  const fed = input.readable.pipeTo(child.stdin).catch(() => {});
  try {
    deadline.set(MAX_START_MS, "the decoder did not start");
    const decoding = () => deadline.set(MAX_DECODE_MS, "the image takes too long to decode");
    const output = await readAtMost(child.stdout, { maxBytes, onFirst: decoding });
    if (signal?.aborted) throw new P2pError("refused", "interrupted");
    deadline.check();
    return output;
  } finally {
    deadline.clear();
    signal?.removeEventListener("abort", abort);
    kill(child);
    await Promise.all([fed, child.status]);
  }
}

/** One thing that happens when a time is over, unless another time is set before. */
class Deadline {
  readonly #onOver: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #reason: string | undefined;

  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  set(ms: number, reason: string): void {
    this.clear();
    this.#timer = setTimeout(() => {
      this.#reason = reason;
      this.#onOver();
    }, ms);
  }

  /** Throws `refused` with the reason if the time is over. */
  check(): void {
    if (this.#reason !== undefined) throw new P2pError("refused", this.#reason);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}

/**
 * Returns the command of the decoding process: the program itself when it is compiled, else its own
 * module under Deno.
 */
export function imageProcessCommand(): ImageProcessCommand {
  const path = Deno.execPath();
  if (Deno.build.standalone) return { path, args: [DECODE_IMAGE] };
  // Modules come from the cache alone: an import is a way out that no other permission closes.
  const modules = ["--cached-only", "--no-remote", "--deny-import"];
  const flags = ["--quiet", "--no-prompt", `--v8-flags=${DECODER_V8_FLAGS}`, ...modules];
  // While it loads the decoders; it has dropped both when the first byte of the image comes.
  const permissions = ["--allow-read", "--allow-env=IMAGESCRIPT_WASM_SIMD"];
  const module = new URL("./image_child.ts", import.meta.url).href;
  return { path, args: ["run", ...flags, ...permissions, module] };
}

/** Where the runtime looks for its cache, and what Windows needs to start a program. */
const RUNTIME_VARIABLES = [
  "DENO_DIR",
  "HOME",
  "XDG_CACHE_HOME",
  "LOCALAPPDATA",
  "USERPROFILE",
  "SystemRoot",
];

/** No secret of this process is for the eyes of one that opens a stranger's picture. */
function environment(): Record<string, string> {
  return Object.fromEntries(RUNTIME_VARIABLES.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended already.
  }
}

async function readAtMost(
  stream: ReadableStream<Uint8Array>,
  { maxBytes, onFirst }: { maxBytes: number; onFirst: () => void },
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    if (chunks.length === 0) onFirst();
    length += chunk.length;
    if (length > maxBytes) throw new P2pError("refused", "the decoder wrote too much");
    chunks.push(chunk);
  }
  return concat(chunks);
}
