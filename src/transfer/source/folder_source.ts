import { CHUNK_BYTES } from "../../secure/sealed_stream.ts";
import { ARCHIVE_END } from "../../storage/archive/archive.ts";
import { archiveChunks, type ArchiveItem } from "../../storage/archive/archive_chunks.ts";
import type { FoundSource } from "./file_source.ts";
import { FolderItems } from "./folder_items.ts";
import { modifiedOf } from "./source_stamp.ts";
import { type MissingFile, PLAIN_OFFER, type Source } from "./source.ts";
import { surveyFolder } from "./survey_folder.ts";
import { prefixDigest, readAhead } from "./chunks.ts";

/**
 * A folder as a {@link Source}: its archive (SPEC.md §10), put together while it is sent. It is
 * walked once; a file that is otherwise when its turn comes is `missing`, and the others go.
 */
export async function openFolderSource(found: FoundSource): Promise<Source> {
  const { survey, stamp, frameBytes, ...counted } = await surveyFolder(found);
  const missing: MissingFile[] = [];
  const onMissing = (file: MissingFile) => missing.push(file);
  const items = new FolderItems({ survey, snapshot: found.snapshot, onMissing });
  const chunks = (offset: number) =>
    archiveChunks(archiveOf(items, found.signal), { chunkBytes: CHUNK_BYTES, offset });
  return {
    ...PLAIN_OFFER,
    ...counted,
    name: found.name,
    folder: true,
    modified: modifiedOf(found.info),
    stamp: stamp.hex,
    exactStamp: stamp.exact,
    ...counted.size !== null && { mostBytes: counted.size + frameBytes },
    missing,
    digest: (offset) => prefixDigest(chunks(0), offset),
    stream: (offset) => readAhead(chunks(offset)),
    close: () => Promise.resolve(),
  };
}

function* archiveOf(
  items: Iterable<ArchiveItem>,
  signal: AbortSignal | undefined,
): Generator<ArchiveItem> {
  for (const item of items) {
    signal?.throwIfAborted();
    yield item;
  }
  yield { length: ARCHIVE_END.length, open: () => ({ parts: [ARCHIVE_END] }) };
}
