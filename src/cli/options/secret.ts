import { Option } from "@commander-js/extra-typings";
import { P2pError } from "../../errors.ts";
import { type HubSecret, keptSecret } from "../../home/hub_secret.ts";
import { systemWords } from "../../system_error.ts";
import { isLoopback } from "../../transport/address.ts";
import { MIN_SECRET_LENGTH, normalizedSecret } from "../../secure/secret.ts";

const ENV = "P2P_SECRET";

/** Far more than a secret has: whatever is longer is another file. */
const MAX_SECRET_BYTES = 1_024;

/**
 * `--secret-file`: a secret never stands in a command line, which everybody on the machine can
 * read.
 */
export function secretFileOption(description: string) {
  return new Option("--secret-file <file>", description);
}

/**
 * The secret of `--secret-file`, else of P2P_SECRET, which child processes then do not have;
 * undefined where there is neither. "usage" for one that others may read or that is too short,
 * "local" for a file that is not there.
 */
export async function givenSecret(
  { secretFile }: { secretFile?: string | undefined },
): Promise<string | undefined> {
  const fromEnv = Deno.env.get(ENV);
  Deno.env.delete(ENV);
  if (secretFile !== undefined) {
    return checked(await readSecretFile(secretFile), `in "${secretFile}"`);
  }
  return fromEnv === undefined ? undefined : checked(fromEnv, `in ${ENV}`);
}

/**
 * The secret of a hub of our own: the one that was handed in; else beyond loopback one that is made
 * up and kept in `home`, unless the hub is `open`. Undefined where there is none.
 */
export async function hubSecret(
  options: { host: string; open: boolean; secretFile?: string | undefined },
  home: string,
): Promise<HubSecret | undefined> {
  const { host, open } = options;
  const secret = await givenSecret(options);
  if (secret !== undefined && open) {
    throw new P2pError("usage", "--open lets anybody connect, and a secret is given too", {
      hint: "leave one of them out",
    });
  }
  if (secret !== undefined) return { secret };
  return open || isLoopback(host) ? undefined : await keptSecret(home);
}

async function readSecretFile(path: string): Promise<string> {
  try {
    const { mode, size, isFile } = await Deno.stat(path);
    if (!isFile) throw new Error("it is not a regular file");
    if (mode !== null && Deno.build.os !== "windows" && (mode & 0o077) !== 0) {
      throw new P2pError(
        "usage",
        `cannot use the secret in "${path}": others may read it (mode ${
          (mode & 0o777).toString(8)
        })`,
        { hint: `run \`chmod 600 "${path}"\`` },
      );
    }
    if (size > MAX_SECRET_BYTES) throw new Error(`it has more than ${MAX_SECRET_BYTES} bytes`);
    return await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof P2pError) throw cause;
    throw new P2pError("local", `cannot read the secret in "${path}": ${systemWords(cause)}`, {
      cause,
    });
  }
}

function checked(text: string, where: string): string {
  const secret = normalizedSecret(text);
  if (secret.length >= MIN_SECRET_LENGTH) return secret;
  const why = secret === "" ? "it is empty" : `it has fewer than ${MIN_SECRET_LENGTH} characters`;
  throw new P2pError("usage", `cannot use the secret ${where}: ${why}`, {
    hint: "six words that nobody can guess are a good one",
  });
}
