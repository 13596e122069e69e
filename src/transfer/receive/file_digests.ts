import { fileDigest } from "../../storage/file_digest.ts";
import { exactStamp } from "../source/source_stamp.ts";

/** Most digests that are remembered. */
const MAX_DIGESTS = 1_000;

/**
 * SHA-256 of files that others ask for: each is read once as long as nothing happens to it, and one
 * after the other, however many ask at once.
 */
export class FileDigests {
  readonly #known = new Map<string, { stamp: string; sha256: string }>();
  #last: Promise<unknown> = Promise.resolve();

  /** The digest in hex of the file at `path`, of which `info` is known. */
  of(path: string, info: Deno.FileInfo): Promise<string> {
    const stamp = exactStamp(info);
    const next = this.#last.then(async () => {
      const known = this.#known.get(path);
      if (known?.stamp === stamp) return known.sha256;
      const sha256 = await fileDigest(path);
      this.#remember(path, { stamp, sha256 });
      return sha256;
    });
    this.#last = next.catch(() => {}); // Thrown to whoever asked.
    return next;
  }

  #remember(path: string, digest: { stamp: string; sha256: string }) {
    this.#known.delete(path);
    this.#known.set(path, digest);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_DIGESTS) this.#known.delete(oldest!);
  }
}
