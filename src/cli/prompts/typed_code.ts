import { P2pError } from "../../errors.ts";
import { type Code, isNameplate, looksLikeCode } from "../../secure/code.ts";
import { isInteractive } from "../../ui/terminal.ts";
import type { Output } from "../display/output.ts";
import { endedByUser } from "../interrupt.ts";

/** More than a code has; the rest is not read. */
const MAX_LINE_BYTES = 1_024;

/**
 * The code of a command line that has its number, or nothing of it: the words are asked for on a
 * terminal, and read from a line of standard input without one, since others can read arguments.
 * Words that stand there all the same are taken with a warning. "usage" where there are none.
 */
export async function typedCode(argument: string | undefined, output: Output): Promise<Code> {
  const { parseCode } = await import("../../secure/code_words.ts");
  if (argument !== undefined && !isNameplate(argument)) {
    const code = parseCode(argument);
    output.warning(
      "others on this machine can read the words of a code in the arguments: type its number alone",
    );
    return code;
  }
  if (isInteractive()) {
    const { askCode } = await import("./ask_code.ts");
    const answer = await askCode(argument);
    if (answer === undefined) throw endedByUser();
    return parseCode(answer);
  }
  const line = await firstLine(Deno.stdin.readable);
  if (line === "") {
    throw new P2pError("usage", "the words of the code are missing", {
      hint: "type them where they are asked for, or give them on standard input",
    });
  }
  const isWhole = argument === undefined || looksLikeCode(line);
  return parseCode(isWhole ? line : `${argument} ${line}`);
}

async function firstLine(input: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of input) {
    text += decoder.decode(bytes, { stream: true });
    if (text.includes("\n") || text.length > MAX_LINE_BYTES) break;
  }
  return text.split("\n", 1)[0]!.trim();
}
