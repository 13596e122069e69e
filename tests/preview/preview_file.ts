import { join } from "node:path";
import type { PreviewOptions } from "../../src/preview/options.ts";
import { preview } from "../../src/preview/preview.ts";

/** The options of most tests: 80 × 24, ten rows, no colour. */
export const PLAIN: PreviewOptions = {
  columns: 80,
  rows: 24,
  previewRows: 10,
  color: "none",
  graphics: "characters",
};

/** Previews content as a file of this name. */
export async function previewFile(
  name: string,
  content: string | Uint8Array,
  options: Partial<PreviewOptions> = {},
): Promise<string[]> {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, name);
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(path, bytes);
    return await preview(path, { ...PLAIN, ...options });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
