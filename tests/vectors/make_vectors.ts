// Writes tests/vectors/*.json anew: `deno run -A tests/vectors/make_vectors.ts`.
import { VECTORS } from "./compute.ts";

for (const [file, compute] of Object.entries(VECTORS)) {
  const json = JSON.stringify(await compute(), null, 2) + "\n";
  await Deno.writeTextFile(new URL(`${file}.json`, import.meta.url), json);
}
