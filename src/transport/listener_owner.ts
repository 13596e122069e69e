import type { Address } from "./address.ts";

/** The state of a socket that listens, in `/proc/net/tcp`. */
const LISTENING = "0A";

const ROOT = 0;

/**
 * True where whatever listens on that port of this machine is this user's or root's, so that nobody
 * else of this machine answers there. False where that cannot be seen: on other systems than Linux,
 * and where the port leads to another machine or name space.
 */
export async function isOwnListener({ port }: Address): Promise<boolean> {
  const owners = listenersAt(port, await socketTables());
  return owners.length > 0 && owners.every((uid) => uid === ROOT || uid === Deno.uid());
}

/** The users whose sockets listen on a port, by a table as in `/proc/net/tcp`. */
export function listenersAt(port: number, table: string): number[] {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return table.split("\n").map((line) => line.trim().split(/\s+/)).flatMap((fields) => {
    const [, local, , state, , , , uid] = fields;
    return state === LISTENING && local?.endsWith(`:${hex}`) ? [Number(uid)] : [];
  });
}

/** By a program, since the runtime opens nothing below `/proc` without all permissions. */
async function socketTables(): Promise<string> {
  if (Deno.build.os !== "linux") return "";
  const args = ["/proc/net/tcp", "/proc/net/tcp6"];
  try {
    const command = new Deno.Command("/bin/cat", { args, clearEnv: true, stderr: "null" });
    return new TextDecoder().decode((await command.output()).stdout);
  } catch {
    return ""; // There is no such program here.
  }
}
