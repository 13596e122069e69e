import { join } from "node:path";
import { sampleBytes } from "../helpers/sample_files.ts";
import { type Contender, overSsh, p2p, plainSocket, rsyncDaemon } from "./contenders.ts";

/** One thing to measure: what is moved, and who p2p is measured against. */
export interface Case {
  name: string;
  /** Content bytes that are moved. */
  bytes: number;
  /** Makes the source below `dir` and gives its path. */
  prepare: (dir: string) => Promise<string>;
  peers: ((dir: string) => Promise<Contender | undefined>)[];
}

const scp = (dir: string) => overSsh(dir, "scp");
const rsync = (dir: string) => overSsh(dir, "rsync");

/** What is measured, in this order. */
export const cases: Case[] = [
  {
    name: "file-2gb",
    bytes: 2e9,
    prepare: (dir) => makeFile(dir, 2e9),
    peers: [scp, rsyncDaemon, plainSocket],
  },
  { name: "file-1gb", bytes: 1e9, prepare: (dir) => makeFile(dir, 1e9), peers: [scp] },
  { name: "file-1kib", bytes: 1024, prepare: (dir) => makeFile(dir, 1024), peers: [scp] },
  {
    name: "files-10000",
    bytes: 10_000 * 1024,
    prepare: (dir) => makeFolder(dir, () => 1024, 10_000),
    peers: [scp, rsync],
  },
  {
    name: "tree-20000",
    bytes: 20_000 * 4_000,
    prepare: (dir) => makeFolder(dir, mixedSize, 20_000),
    peers: [rsync],
  },
  {
    name: "files-100x10mb",
    bytes: 1e9,
    prepare: (dir) => makeFolder(dir, () => 1e7, 100),
    peers: [scp, rsync],
  },
];

/** p2p, whom the peers are measured against. */
export const subject = p2p;

/** Sizes as in a folder of packages: most are small, some are not; about 4 KB on average. */
function mixedSize(i: number): number {
  return [300, 900, 1_500, 2_500, 4_000, 700, 15_000, 7_100][i % 8]!;
}

async function makeFile(dir: string, bytes: number): Promise<string> {
  const path = join(dir, `file-${bytes}`);
  await writeFile(path, bytes);
  return path;
}

/** `count` files, forty to a folder, ten folders to a folder. */
async function makeFolder(
  dir: string,
  sizeOf: (i: number) => number,
  count: number,
): Promise<string> {
  const top = join(dir, `folder-${count}`);
  for (let i = 0; i < count; i++) {
    const folder = join(top, `group ${Math.floor(i / 400)}`, `set ${Math.floor(i / 40) % 10}`);
    if (i % 40 === 0) await Deno.mkdir(folder, { recursive: true });
    await writeFile(join(folder, `file ${i}.txt`), sizeOf(i));
  }
  return top;
}

async function writeFile(path: string, bytes: number): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  const block = sampleBytes(Math.min(bytes, 2 ** 22), bytes);
  for (let left = bytes; left > 0;) {
    left -= await file.write(block.subarray(0, Math.min(left, block.length)));
  }
}
