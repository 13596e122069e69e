import { createHash } from "node:crypto";

const READ_BYTES = 2 ** 20;

/** SHA-256 of a file, in hex. */
export async function fileDigest(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const bytes of fileBytes(path)) hash.update(bytes);
  return hash.digest("hex");
}

/** The content of a file in pieces of at most 1 MiB; each is good until the next is asked for. */
export async function* fileBytes(path: string): AsyncGenerator<Uint8Array> {
  using file = await Deno.open(path);
  const buffer = new Uint8Array(READ_BYTES);
  for (let length = await file.read(buffer); length !== null; length = await file.read(buffer)) {
    yield buffer.subarray(0, length);
  }
}
