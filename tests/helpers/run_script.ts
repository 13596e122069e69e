import assert from "node:assert/strict";

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/**
 * Runs a module's text in a process of its own, for what is one for a whole process, as the umask and the environment
 * are: test files that run beside each other share theirs. Returns what it printed; it fails where the script does.
 */
export async function runScript(script: string): Promise<string> {
  const args = ["eval", "--quiet", `--config=${CONFIG}`, script];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
