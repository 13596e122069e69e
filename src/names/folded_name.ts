/**
 * A key that is equal for names that differ by case or composition alone (Unicode §3.13, D145).
 * Some file systems take such files for one, and a hub gives such names to one person.
 */
export function foldedName(name: string): string {
  // Lower first, then upper: `ẞ`, `ß` and `ss` meet only that way round.
  return name.normalize("NFD").toLowerCase().toUpperCase().normalize("NFC");
}

/** True where two names are one person's for people: they differ by case or composition alone. */
export function sameName(a: string, b: string): boolean {
  return foldedName(a) === foldedName(b);
}
