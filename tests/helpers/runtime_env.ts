/** The variables that the runtime itself needs, for a program that gets nothing of the tester's own settings. */
const NAMES = [
  "PATH",
  "HOME",
  "XDG_CACHE_HOME",
  "TMPDIR",
  "DENO_DIR",
  "DENO_COVERAGE_DIR",
  "DENO_TLS_CA_STORE",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "NPM_CONFIG_REGISTRY",
];

/** The environment of a program under test. */
export function runtimeEnv(): Record<string, string> {
  return Object.fromEntries(NAMES.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}
