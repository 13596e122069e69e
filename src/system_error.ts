/**
 * The system's name of an error, such as `ENOENT`, or `NotCapable` of the runtime; empty where
 * there is none.
 */
export function systemCode(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: string };
  if (typeof code === "string") return code;
  if (error instanceof Deno.errors.NotCapable) return "NotCapable";
  return /os error 122\b/.test(message ?? "") ? "EDQUOT" : "";
}

/**
 * A failed system call in words for people, without its number, and without the path that the
 * runtime adds: who is told may know it already, or need not know it.
 */
export function systemWords(error: unknown): string {
  const known = WORDS[systemCode(error)];
  if (known !== undefined) return known;
  const message = error instanceof Error ? error.message : String(error);
  const [first = ""] = message.split("\n", 1);
  if (/lookup|resolve|name or service|no address/i.test(first)) return UNKNOWN_HOST;
  if (/^empty path/i.test(first)) return "the path is empty";
  const words = first.replace(/ \(os error \d+\).*/, "");
  // A word in capitals is a name.
  return /^[A-Z][a-z]/.test(words) ? words[0]!.toLowerCase() + words.slice(1) : words;
}

/** What to do about a path that the runtime keeps closed. */
export const OUTSIDE_HINT =
  "send a file there by `cat FILE | p2p send - --as NAME`; for a folder choose one elsewhere";

/** The words for a host name that no name server knows. */
export const UNKNOWN_HOST = "the host name is not known";

const WORDS: Record<string, string> = {
  ENOENT: "no such file or folder",
  EEXIST: "a file of that name is in the way",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left",
  EDQUOT: "disk quota exceeded",
  ENOTDIR: "a part of the path is not a folder",
  EISDIR: "it is a folder",
  ENOTEMPTY: "the folder is not empty",
  EMFILE: "too many open files",
  ENFILE: "too many open files",
  ELOOP: "too many links",
  ENAMETOOLONG: "the name is too long",
  EIO: "the disk has failed (input/output error)",
  EADDRINUSE: "the port is in use",
  EADDRNOTAVAIL: "this machine has no such address",
  ECONNREFUSED: "connection refused",
  ECONNRESET: "the connection was reset",
  ENETUNREACH: "the network is unreachable",
  EHOSTUNREACH: "no route to the host",
  ETIMEDOUT: "no answer",
  NotCapable: "the runtime lets no program into /dev, /proc and /sys",
};
