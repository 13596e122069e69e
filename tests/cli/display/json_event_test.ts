import assert from "node:assert/strict";
import type { JsonEvent } from "../../../src/cli/display/json_event.ts";

/** The page with the table of events, from the root, and the heading that it stands under. */
const PAGE = "docs/reference.md";
const HEADING = "JSON events";

type Name = JsonEvent["event"];
type Of<E extends Name> = JsonEvent extends infer J
  ? J extends { event: infer N } ? E extends N ? J : never : never
  : never;
type FieldOf<T> = T extends unknown ? Exclude<keyof T, "event"> : never;

/** "always" where every event of that name has the field: the compiler holds the table below to the types. */
type Presence<T, F extends PropertyKey> = [T] extends [Record<F, unknown>] ? "always" : "sometimes";
type Fields = { [E in Name]: { [F in FieldOf<Of<E>>]: Presence<Of<E>, F> } };

const always = "always" as const;
const sometimes = "sometimes" as const;
const transfer = { transfer: always, name: always, bytes: always };
const times = { sha256: always, latency: always, duration: always, resumedAt: always } as const;
const peer = { peer: always, fingerprint: always };
const hub = { host: always, port: always, name: always, fingerprint: always };

const FIELDS: Fields = {
  listening: { ...hub, secretFile: sometimes },
  connected: hub,
  joined: peer,
  left: peer,
  offered: { ...transfer, from: always, kind: always },
  progress: { ...transfer, total: always },
  stalled: { seconds: always, waitsFor: always, transfer: sometimes, name: sometimes },
  received: {
    ...{ ...transfer, ...times, from: always, kind: always, path: always },
    ...{ files: sometimes, missing: sometimes, text: sometimes },
    ...{ renamed: sometimes, renamedEntries: sometimes },
  },
  already: { ...transfer, from: always, sha256: always, path: always },
  delivered: {
    ...{ ...transfer, ...times, to: always, savedAs: always },
    ...{ files: sometimes, missing: sometimes, renamed: sometimes, already: sometimes },
  },
  stored: { ...transfer, to: always, until: always },
  relayed: { transfer: always, from: always, to: always, bytes: always, state: always },
  refused: {
    ...{ transfer: always, from: always, name: always, reason: always, to: sometimes },
    declined: sometimes,
  },
  interrupted: { ...transfer, from: always, reason: always },
  peer: { name: always, fingerprint: always, state: always, since: always, waiting: always },
  transfer: {
    ...{ ...transfer, to: always, size: always, state: always, until: always },
    reason: sometimes,
  },
  code: { code: always, until: always },
  met: peer,
  identity: { name: always, fingerprint: always, words: always, key: always },
  known: {
    ...{ since: always, fingerprint: sometimes, person: sometimes, via: sometimes },
    ...{ hub: sometimes, name: sometimes, me: sometimes, inUse: sometimes, secret: sometimes },
  },
  words: { person: always, words: always },
  explained: { allowed: always, line: always, reason: sometimes, bySize: sometimes },
  shown: { name: always, bytes: always, preview: always },
  skipped: { name: always, path: always, reason: always },
  missing: { name: always, path: always, state: always, reason: always },
  failed: { exit: always, message: always, hint: sometimes, name: sometimes, to: sometimes },
  done: { delivered: always, stored: always, failed: always },
};

Deno.test("JsonEvent has the names and fields that are documented, those that are always there first", async () => {
  const page = await Deno.readTextFile(new URL(`../../../${PAGE}`, import.meta.url));
  const documented = Object.fromEntries(rowsOf(page).map(([name, fields]) => [name, fields]));
  assert.deepEqual(sorted(documented), sorted(FIELDS));
});

/** The rows of the table, one for each event: its fields, with what stands behind "and" only sometimes there. */
function rowsOf(page: string): [string, Record<string, string>][] {
  const [, section] = page.split(new RegExp(`^#+ ${HEADING}$`, "m"));
  assert.ok(section !== undefined, `${PAGE} has a heading "${HEADING}"`);
  const lines = section.split(/^#/m)[0]!.split("\n").filter((line) => line.startsWith("| `"));
  return lines.flatMap((line) => {
    const [, names = "", , fields = ""] = line.split("|");
    const [first = "", second = ""] = fields.split(/, and (.*)/);
    const presence = {
      ...Object.fromEntries(wordsIn(first).map((field) => [field, "always"])),
      ...Object.fromEntries(wordsIn(second).map((field) => [field, "sometimes"])),
    };
    return wordsIn(names).map((name): [string, Record<string, string>] => [name, presence]);
  });
}

/** What stands in backticks. */
function wordsIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, word]) => word!);
}

/** By name, so that only what is there counts. */
function sorted(table: Record<string, Record<string, string>>) {
  const byName = <T>(record: Record<string, T>) =>
    Object.entries(record).sort(([a], [b]) => a < b ? -1 : 1);
  return byName(table).map(([name, fields]) => [name, byName(fields)]);
}
