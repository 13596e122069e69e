import { join } from "node:path";
import type { Kind } from "../../protocol/messages.ts";
import { printable } from "../../ui/printable.ts";

/** The kind of path to choose. */
export interface Wanted {
  /** Files of this kind; undefined for all. */
  kind?: Kind;
  /** Folders, too. */
  folders: boolean;
}

/** A path that may be chosen: what it is when it is typed, and how it is shown. */
export interface PathChoice {
  value: string;
  label: string;
  hint?: string;
}

/**
 * The paths that `typed` may become: first the one that it is already, then files that by their
 * name are what is wanted and folders, those that begin with it before those that hold it;
 * everything else only where there is nothing of that. At `start` nothing is typed yet.
 */
export function pathChoices(
  typed: string,
  { start, ...wanted }: Wanted & { start: string },
): PathChoice[] {
  const [folder, prefix] = split(unquoted(typed));
  const found = entriesOf(folder).filter(({ name }) => fitsTyped(name, prefix));
  const [whole, parts] = partition(found, ({ name }) => name === prefix);
  const [begun, holding] = partition(parts, ({ name }) => beginsWith(name, prefix));
  const shown = [...whole, ...wantedOf(begun, wanted), ...wantedOf(holding, wanted)];
  const choices = (shown.length > 0 ? shown : parts).map((entry) => choiceOf(folder, entry));
  const here = { value: folder, label: printable(folder), hint: "this whole folder" };
  return wanted.folders && prefix === "" && typed !== start ? [here, ...choices] : choices;
}

/** The path that is meant by a typed one: `~` is the home folder. */
export function pathOf(typed: string): string {
  const home = Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE");
  const inHome = home !== undefined && /^~($|[\\/])/.test(typed);
  return inHome ? join(home, typed.slice(1)) : typed;
}

/** Terminals put quotes around a file that is dropped on them. */
function unquoted(typed: string): string {
  return /^(['"])(.*)\1\s*$/.exec(typed)?.[2] ?? typed;
}

interface Entry {
  name: string;
  isFolder: boolean;
}

const NAMED_AS: Record<Kind, RegExp> = {
  image: /\.(png|jpe?g|gif|webp|tiff?|bmp|avif|heic)$/i,
  csv: /\.(csv|tsv|tab)$/i,
  json: /\.(json|ndjson|jsonl|geojson)$/i,
  file: /$/,
};

function isNamedAs(name: string, kind: Kind = "file"): boolean {
  return NAMED_AS[kind].test(name);
}

/** The folder part, with its separator, and what is typed of a name in it. */
function split(typed: string): [folder: string, prefix: string] {
  if (/(^|[\\/])\.\.?$|^~$/.test(typed)) return [`${typed}/`, ""];
  const end = typed.search(Deno.build.os === "windows" ? /[^\\/]*$/ : /[^/]*$/);
  return [typed.slice(0, end), typed.slice(end)];
}

/** In the order of their names; none where the folder cannot be read. */
function entriesOf(folder: string): Entry[] {
  try {
    const path = pathOf(folder) || ".";
    const entries = [...Deno.readDirSync(path)].flatMap((entry) => entryOf(path, entry));
    return entries.sort((a, b) => byName.compare(a.name, b.name));
  } catch {
    return [];
  }
}

const byName = new Intl.Collator(undefined, { numeric: true });

function entryOf(folder: string, { name, isDirectory, isSymlink }: Deno.DirEntry): Entry[] {
  if (!isSymlink) return [{ name, isFolder: isDirectory }];
  try {
    return [{ name, isFolder: Deno.statSync(join(folder, name)).isDirectory }];
  } catch {
    return []; // It leads nowhere.
  }
}

/** What is typed may stand anywhere in a name; hidden ones only for those who begin to type one. */
function fitsTyped(name: string, typed: string): boolean {
  if (name.startsWith(".") && !typed.startsWith(".")) return false;
  return name.toLowerCase().includes(typed.toLowerCase());
}

function beginsWith(name: string, typed: string): boolean {
  return name.toLowerCase().startsWith(typed.toLowerCase());
}

/** Files that by their name are what is wanted, and behind them the folders. */
function wantedOf(entries: Entry[], { kind }: Wanted): Entry[] {
  const [folders, files] = partition(entries, ({ isFolder }) => isFolder);
  return [...files.filter(({ name }) => isNamedAs(name, kind)), ...folders];
}

function choiceOf(folder: string, { name, isFolder }: Entry): PathChoice {
  const end = isFolder ? "/" : "";
  return { value: `${folder}${name}${end}`, label: `${printable(name)}${end}` };
}

function partition<T>(items: T[], fits: (item: T) => boolean): [yes: T[], no: T[]] {
  return [items.filter(fits), items.filter((item) => !fits(item))];
}
