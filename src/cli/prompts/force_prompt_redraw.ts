import { stdout } from "node:process";

/**
 * Makes the open question of `@clack/prompts` draw itself again, for one whose words have changed
 * while nobody typed. The library has no call for that: it draws where its output says that the
 * terminal has another size, and then only what has changed. A test holds the version that is
 * pinned to it.
 */
export function forcePromptRedraw(output: NodeJS.EventEmitter = stdout): void {
  output.emit("resize");
}
