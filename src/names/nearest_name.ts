/**
 * The one of `names` that differs least from `name`, by at most a third of its letters; undefined
 * where none is near.
 */
export async function nearestName(name: string, names: string[]): Promise<string | undefined> {
  const { distance } = await import("fastest-levenshtein");
  const wanted = name.toLowerCase();
  const near = names
    .map((candidate) => ({ candidate, far: distance(wanted, candidate.toLowerCase()) }))
    .filter(({ far }) => far <= Math.max(1, Math.floor(wanted.length / 3)))
    .sort((a, b) => a.far - b.far);
  return near[0]?.candidate;
}
