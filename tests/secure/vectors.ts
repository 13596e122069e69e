const FOLDER = new URL("../../../shared/vectors/", import.meta.url);

/** Whether the public vectors are here; tests that need them are ignored where they are not. */
export const haveVectors = isFolder(FOLDER);

/** The parsed JSON of one file of vectors, whose shape the test says. */
export function readVectors<T>(path: string): T {
  return JSON.parse(Deno.readTextFileSync(new URL(path, FOLDER)));
}

/** A file of Wycheproof with tests of shape `T`. */
export interface Wycheproof<T> {
  numberOfTests: number;
  testGroups: { tests: (T & WycheproofCase)[] }[];
}

/** What every test of Wycheproof has. */
export interface WycheproofCase {
  tcId: number;
  comment: string;
  flags: string[];
  result: "valid" | "acceptable" | "invalid";
}

/** All tests of a Wycheproof file. */
export function readWycheproof<T>(name: string) {
  const file = readVectors<Wycheproof<T>>(`wycheproof/${name}`);
  const cases = file.testGroups.flatMap(({ tests }) => tests);
  if (cases.length !== file.numberOfTests) throw new Error(`${name} is not whole`);
  return cases;
}

/** Bytes of hexadecimal digits. */
export function hex(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function isFolder(url: URL): boolean {
  try {
    return Deno.statSync(url).isDirectory;
  } catch {
    return false;
  }
}
