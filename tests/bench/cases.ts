import type { Case } from "./case.ts";
import { compare, type Content } from "./cases/compare.ts";
import { grow } from "./cases/grow.ts";
import { growthPeople } from "./cases/growth_people.ts";
import { hubBroadcast } from "./cases/hub_broadcast.ts";
import { hubFirstByte } from "./cases/hub_first_byte.ts";
import { hubIdle } from "./cases/hub_idle.ts";
import { hubSlowReader } from "./cases/hub_slow_reader.ts";
import { mailbox } from "./cases/mailbox.ts";
import { previews } from "./cases/previews.ts";
import { relay } from "./cases/relay.ts";
import { resume } from "./cases/resume.ts";
import { secret } from "./cases/secret.ts";
import { makeFile, makeFolder, mixedSize } from "./content.ts";
import { netcat, overSsh, plainSocket, rsyncDaemon, wormhole } from "./contenders.ts";
import { freeBytes } from "../../src/storage/file_system.ts";
import { formatBytes } from "../../src/units.ts";

const scp = (dir: string) => overSsh(dir, "scp");
const rsync = (dir: string) => overSsh(dir, "rsync");

/** Free disk for each byte that is sent: the source, its copy, and room to breathe. */
const DISK_FOR_EACH_BYTE = 2.5;

/** What is measured, in this order. */
export const cases: Case[] = [
  compare({
    name: "file-2gb",
    shows: "one large file",
    prepare: (dir, scale) => oneFile(dir, scale(2e9)),
    peers: [scp, rsyncDaemon, netcat, wormhole, plainSocket],
  }),
  compare({
    name: "file-1gb",
    shows: "one file of 1 GB",
    prepare: (dir, scale) => oneFile(dir, scale(1e9)),
    peers: [scp],
  }),
  compare({
    name: "file-1kib",
    shows: "the start of a cold process: one file of 1 KiB",
    prepare: (dir) => oneFile(dir, 1024),
    peers: [scp],
  }),
  compare({
    name: "files-10000",
    shows: "a folder of 10,000 files of 1 KiB",
    prepare: (dir, scale) => oneFolder(dir, scale(10_000), () => 1024),
    peers: [scp, rsync],
  }),
  compare({
    name: "tree-20000",
    shows: "a folder of 20,000 files, most of them small",
    prepare: (dir, scale) => oneFolder(dir, scale(20_000), mixedSize),
    peers: [rsync],
  }),
  compare({
    name: "files-100x10mb",
    shows: "a folder of 100 files of 10 MB",
    prepare: (dir, scale) => oneFolder(dir, 100, () => scale(1e7)),
    peers: [scp, rsync],
  }),
  compare({
    name: "senders-16",
    shows: "16 senders at once, 100 MB each, until the last one is done",
    prepare: (dir, scale) => files(dir, { count: 16, bytes: scale(1e8) }),
    peers: [scp],
  }),
  relay,
  hubBroadcast,
  mailbox,
  resume,
  hubSlowReader,
  hubIdle,
  hubFirstByte,
  secret,
  previews,
  grow({
    name: "memory-by-size",
    shows: "one file of 10 MB to 10 GB: time, and the peak of both ends",
    counts: [1e7, 1e8, 1e9, 4e9, 1e10],
    step: (bytes) =>
      (freeBytes(Deno.env.get("TMPDIR")!) ?? 0) < bytes * DISK_FOR_EACH_BYTE ? undefined : {
        of: formatBytes(bytes),
        bytes,
        prepare: (dir) => makeFile(dir, bytes),
      },
  }),
  grow({
    name: "growth-files",
    shows: "a folder of 100 to 50,000 files of 1 KiB: time, and the peak of both ends",
    counts: [100, 1_000, 10_000, 50_000],
    step: (count) => ({
      of: `${count} files`,
      bytes: count * 1024,
      prepare: (dir) => makeFolder(dir, { count, sizeOf: () => 1024 }),
    }),
  }),
  growthPeople,
];

function oneFile(dir: string, bytes: number): Promise<Content> {
  return files(dir, { count: 1, bytes });
}

async function files(
  dir: string,
  { count, bytes }: { count: number; bytes: number },
): Promise<Content> {
  const sources: string[] = [];
  for (let i = 0; i < count; i++) sources.push(await makeFile(dir, bytes, `file ${i}`));
  return { sources, bytes: count * bytes };
}

async function oneFolder(
  dir: string,
  count: number,
  sizeOf: (i: number) => number,
): Promise<Content> {
  const sizes = Array.from({ length: count }, (_, i) => sizeOf(i));
  return {
    sources: [await makeFolder(dir, { count, sizeOf })],
    bytes: sizes.reduce((sum, size) => sum + size, 0),
  };
}
