import { P2pError } from "../errors.ts";
import { foldedName } from "./folded_name.ts";
import { withoutJoiners } from "./joiners.ts";

/** Most components of a path (SPEC.md §12). */
export const MAX_PATH_DEPTH = 32;

/** Longest name, in bytes of UTF-8 after NFC (SPEC.md §12). */
export const MAX_NAME_BYTES = 255;

/** The staging folder inside the target folder; no name from outside may mean it (SPEC.md §14). */
export const STAGING_FOLDER = ".p2p-partial";

/**
 * Components of a path from the wire, in NFC; throws `refused` when one could mean anything but a
 * name below the folder it is joined to, or deceives who reads it (SPEC.md §13). What this system
 * cannot hold all the same is changed by `SiblingNames` before it is used here.
 */
export function checkedPath(components: unknown): string[] {
  if (!Array.isArray(components)) {
    throw new P2pError("refused", "cannot accept path: it is not a list of names");
  }
  if (components.length < 1 || components.length > MAX_PATH_DEPTH) {
    const count = components.length;
    throw new P2pError("refused", `cannot accept path: ${count} names, not 1 to ${MAX_PATH_DEPTH}`);
  }
  return Array.from(components, (component) => checkedName(component));
}

/**
 * The name under which a transfer is published at the top of the target folder: checked as by
 * {@link checkedPath}, never `~` or the staging folder, and with `_` before a leading `.` or `-`
 * unless `allowHidden` (SPEC.md §13; row 17).
 */
export function topName(name: string, options: { allowHidden: boolean }): string {
  const checked = checkedName(name);
  if (checked === "~") throw refusedName(checked, "a shell takes it for the home folder");
  if (isStagingFolder(checked)) throw refusedName(checked, "it is kept for unfinished transfers");
  const hidden = checked.startsWith(".") || checked.startsWith("-");
  return hidden && !options.allowHidden ? checkedName(`_${checked}`) : checked;
}

function checkedName(raw: unknown): string {
  if (typeof raw !== "string") throw new P2pError("refused", "cannot accept name: it is not text");
  const fault = nameFault(raw);
  if (fault !== undefined) throw refusedName(raw, fault);
  return raw.normalize("NFC");
}

/** The reason for which no receiver takes a name; undefined where it is taken (SPEC.md §13). */
export function nameFault(raw: string): string | undefined {
  // Composing makes at most three UTF-16 units into two bytes: what is longer than this stays too
  // long.
  if (raw.length > 2 * MAX_NAME_BYTES) return TOO_LONG;
  if (!raw.isWellFormed()) return "it has half of a surrogate pair";
  const name = raw.normalize("NFC");
  return RULES.find(([breaks]) => breaks(name))?.[1];
}

const TOO_LONG = `it is longer than ${MAX_NAME_BYTES} bytes`;
const encoder = new TextEncoder();

/**
 * Controls, bidi and zero-width characters, fillers and noncharacters; variation selectors belong
 * to visible text.
 */
const UNSEEN = /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{NChar}\p{DI}]--\p{VS}]/v;

/** Rules that a name must not break on any system, with the reasons. */
const RULES: readonly [breaks: (name: string) => boolean, reason: string][] = [
  [(name) => name === "", "it is empty"],
  [(name) => name === "." || name === "..", "it means a folder, not a name in it"],
  [(name) => encoder.encode(name).length > MAX_NAME_BYTES, TOO_LONG],
  [(name) => name.includes("/"), 'a name cannot contain "/"'],
  [(name) => name.includes("\\"), 'a name cannot contain "\\"'],
  [(name) => UNSEEN.test(withoutJoiners(name)), "it has a control or an invisible character"],
];

function isStagingFolder(name: string): boolean {
  const folded = foldedName(name);
  // `P2P-PA~1` is the staging folder's short name on Windows.
  return folded === foldedName(STAGING_FOLDER) || folded.startsWith("P2P-PA~");
}

function refusedName(name: string, reason: string): P2pError {
  const shown = name.length > 64 ? `${name.slice(0, 64)}…` : name;
  return new P2pError("refused", `cannot accept name "${shown}": ${reason}`);
}
