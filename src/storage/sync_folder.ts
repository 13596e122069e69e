/** Resolves when the names in the folder at `path` are on disk; where the system cannot do that it does nothing. */
export async function syncFolder(path: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using folder = await Deno.open(path);
  await folder.sync();
}
