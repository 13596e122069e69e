import { topName } from "../../names/file_name.ts";
import type { Kind, Offer, RefuseCode } from "../../protocol/messages.ts";
import type { ArchiveEntry } from "../../storage/archive/archive.ts";
import type { FileHead } from "../../storage/part/part_content.ts";
import { StorageError, tooLarge } from "../../storage/storage_error.ts";
import { isText, kindOf } from "../source/kind.ts";

/** The sender of an offer: its id, the name that it goes by, and the network that it came from. */
export interface Sender {
  key: Uint8Array;
  name: string;
  network?: string | undefined;
}

/** The rules for what a receiver takes. */
export interface Acceptance {
  /** Kinds that are taken; undefined for all. */
  kinds?: readonly Kind[] | undefined;
  /** Most bytes of one transfer. */
  maxBytes?: number | undefined;
  /** Leaves a leading `.` or `-` of the name as it is (SPEC.md §13). */
  allowHidden?: boolean | undefined;
  /** Gives the reason for which the rules of a policy do not allow it; undefined where they do. */
  policy?: ((offer: Offer, from: Sender) => Promise<string | undefined>) | undefined;
  /** Asks a person; without it every offer that fits is taken. */
  ask?: ((offer: Offer, from: Sender) => Promise<boolean>) | undefined;
}

/** A no, with its reason for people. */
export interface Refusal {
  code: RefuseCode;
  reason: string;
  /** True where the person here has said no. */
  isOwn?: true;
}

/**
 * Gives the reason for which `offer` is not taken: name, kind, size, policy, or a person who
 * declines.
 */
export async function judgeOffer(
  offer: Offer,
  from: Sender,
  acceptance: Acceptance,
): Promise<Refusal | undefined> {
  const refusal = judgeFields(offer, acceptance);
  if (refusal !== undefined) return refusal;
  const reason = await acceptance.policy?.(offer, from);
  if (reason !== undefined) return { code: "declined", reason };
  if (acceptance.ask === undefined || await acceptance.ask(offer, from)) return undefined;
  return { code: "declined", reason: "the receiver declined it", isOwn: true };
}

/** Throws where the kind of an entry is not taken: a folder is taken whole or not at all. */
export function judgeEntry(entry: ArchiveEntry, { kinds }: Acceptance): void {
  if (entry.folder || kinds === undefined || kinds.includes(entry.kind)) return;
  throw otherKind(entry.path, kinds);
}

/** True where what is taken depends on the kind of a file, so that its first bytes are to be seen. */
export function asksForKind({ kinds, policy }: Acceptance, { folder }: Offer): boolean {
  return kinds !== undefined || (policy !== undefined && !folder);
}

/**
 * Throws where a file is of a kind that is not taken: what its sender has said of it counts no more
 * now that its first bytes are here.
 */
export async function judgeHead(
  { path, head }: FileHead,
  { offer, from, acceptance: { kinds, policy } }: {
    offer: Offer;
    from: Sender;
    acceptance: Acceptance;
  },
): Promise<void> {
  // What somebody has typed is no table, whatever it looks like.
  const isTyped = offer.text && isText(head);
  const kind = isTyped ? "file" : kindOf(head, path.at(-1) ?? offer.name);
  if (kinds !== undefined && !kinds.includes(kind)) {
    throw otherKind(path, kinds);
  }
  if (path.length > 0 || kind === offer.kind) return;
  const reason = await policy?.({ ...offer, kind }, from);
  if (reason !== undefined) throw new StorageError("kind", `it is of kind ${kind}: ${reason}`);
}

function judgeFields(offer: Offer, acceptance: Acceptance): Refusal | undefined {
  const { kinds, maxBytes, allowHidden = false } = acceptance;
  return judgeName(offer, allowHidden) ?? judgeKind(offer, kinds) ?? judgeSize(offer, maxBytes);
}

function judgeName({ name }: Offer, allowHidden: boolean): Refusal | undefined {
  try {
    topName(name, { allowHidden });
  } catch (error) {
    return { code: "name", reason: (error as Error).message };
  }
}

/** A folder is judged by the files in it, as they come. */
function judgeKind(
  { kind, folder }: Offer,
  kinds: readonly Kind[] | undefined,
): Refusal | undefined {
  if (folder || kinds === undefined || kinds.includes(kind)) return undefined;
  return { code: "kind", reason: onlyKinds(kinds) };
}

function judgeSize({ size }: Offer, maxBytes: number | undefined): Refusal | undefined {
  if (maxBytes === undefined || size === null || size <= maxBytes) return undefined;
  return { code: "size", reason: tooLarge(size, maxBytes) };
}

/** The error for a file of another kind; its path inside a folder, or none for the file itself. */
function otherKind(path: readonly string[], kinds: readonly Kind[]): StorageError {
  const what = path.length === 0 ? "" : `"${path.join("/")}" is not accepted: `;
  return new StorageError("kind", what + onlyKinds(kinds));
}

function onlyKinds(kinds: readonly Kind[]): string {
  const names = kinds.map((kind) => KINDS_IN_WORDS[kind]);
  return `only ${names.join(", ").replace(/, ([^,]*)$/, " and $1")} are accepted here`;
}

const KINDS_IN_WORDS: Record<Kind, string> = {
  image: "images",
  csv: "CSV files",
  json: "JSON files",
  file: "other files",
};
