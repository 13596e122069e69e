import stringWidth from "string-width";
import { printableName } from "./printable.ts";

/**
 * A column of a table for names from other machines: gives each as {@link printableName} does, with
 * blanks up to the width of the widest of `names`; one that is empty is all blanks.
 */
export function nameColumn(names: readonly string[]): (name: string) => string {
  const width = names.reduce((widest, name) => Math.max(widest, stringWidth(shown(name))), 0);
  return (name) => shown(name) + " ".repeat(width - stringWidth(shown(name)));
}

function shown(name: string): string {
  return name === "" ? "" : printableName(name);
}
