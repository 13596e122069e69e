/** The states of a socket that are of interest here, as proc(5) numbers them. */
export const TCP_STATE = { listen: 0x0a } as const;

/** One socket of this machine: the ports at its ends, its state, and whether a process still has it open. */
export interface TcpSocket {
  local: number;
  remote: number;
  state: number;
  isOpen: boolean;
  /** Its number among the files of the system. */
  inode: string;
}

/** The ports on which a process listens, by proc(5). */
export function listeningPorts(pid: number): number[] {
  const folder = `/proc/${pid}/fd`;
  const files = [...Deno.readDirSync(folder)].map(({ name }) => linkOf(`${folder}/${name}`));
  return tcpSockets()
    .filter(({ state, inode }) => state === TCP_STATE.listen && files.includes(`socket:[${inode}]`))
    .map(({ local }) => local);
}

function linkOf(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return ""; // It was closed meanwhile.
  }
}

/** All TCP sockets of this machine, as `/proc/net/tcp` and `tcp6` list them (proc(5)). */
export function tcpSockets(): TcpSocket[] {
  return ["tcp", "tcp6"].flatMap((table) => {
    const [, ...lines] = readTable(table).trim().split("\n");
    return lines.map(parseSocket);
  });
}

function readTable(table: string): string {
  try {
    return Deno.readTextFileSync(`/proc/net/${table}`);
  } catch {
    return ""; // A machine without IPv6.
  }
}

/** `sl local remote state queues timer retransmits uid timeout inode …`; there is no inode once it is closed. */
function parseSocket(line: string): TcpSocket {
  const fields = line.trim().split(/\s+/);
  const portOf = (address: string) => parseInt(address.slice(address.indexOf(":") + 1), 16);
  return {
    local: portOf(fields[1]!),
    remote: portOf(fields[2]!),
    state: parseInt(fields[3]!, 16),
    isOpen: fields[9] !== "0",
    inode: fields[9]!,
  };
}
