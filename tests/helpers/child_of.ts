/** A process that another has started and that has not ended, as /proc tells; undefined where there is none. */
export function childOf(parent: number): number | undefined {
  return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).find((pid) => {
    try {
      const [state, ppid] = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]!.split(" ");
      return Number(ppid) === parent && state !== "Z";
    } catch {
      return false; // It is no process, or has ended.
    }
  });
}
