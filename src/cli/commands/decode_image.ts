import { Command } from "@commander-js/extra-typings";

/**
 * The hidden subcommand `__decode-image`: what the compiled program starts in a process of its own
 * to decode an image, which comes on stdin; the picture goes to stdout. Deno starts
 * `src/preview/image/image_child.ts` instead.
 */
export function decodeImageCommand() {
  return new Command("__decode-image").argument("<args...>").action(async (args) => {
    const { runImageChild } = await import("../../preview/image/image_child.ts");
    await runImageChild(args);
  });
}
