/** Whether a command is on this machine and does what it is asked to do here. */
export async function hasTool(command: string, ...args: string[]): Promise<boolean> {
  try {
    const options = { args, stdout: "null", stderr: "null" } as const;
    return (await new Deno.Command(command, options).output()).success;
  } catch {
    return false;
  }
}

/** Whether programs can be traced here. */
export const hasStrace = await hasTool("strace", "-qq", "-o", "/dev/null", "true");
