import assert from "node:assert/strict";
import { join } from "node:path";
import { sampleBytes, sampleCsv, sampleJson, samplePng } from "../helpers/sample_files.ts";
import { sha256 } from "../helpers/tree.ts";
import { type Event, eventsOf, run } from "./program.ts";
import { Scene } from "./scene.ts";

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === "string" && value !== "";
const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const milliseconds: Check = (value) => Number.isFinite(value) && (value as number) >= 0;
const hex = (digits: number): Check => (value) =>
  typeof value === "string" && value.length === digits && /^[0-9a-f]+$/.test(value);
const kind: Check = (value) => ["image", "csv", "json", "file"].includes(value as string);
const absolute: Check = (value) => typeof value === "string" && value.startsWith("/");
const fingerprint: Check = (value) => /^[a-z2-7]{5}(-[a-z2-7]{5}){3}$/.test(value as string);
const isoTime: Check = (value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value as string);

const transfer = hex(32);
const times = { latency: milliseconds, duration: milliseconds, resumedAt: count };

/** The fields of each event, as the table of the command line has them. */
const EVENTS: Record<string, Record<string, Check>> = {
  listening: { host: text, port: count, name: text, fingerprint },
  offered: { transfer, from: text, name: text, kind, bytes: count },
  received: {
    ...{ transfer, from: text, name: text, kind, bytes: count, sha256: hex(64), path: absolute },
    ...times,
  },
  refused: { transfer, from: text, name: text, reason: text },
  connected: { host: text, port: count, name: text, fingerprint },
  progress: { transfer, name: text, bytes: count, total: count },
  delivered: {
    ...{ transfer, to: text, name: text, bytes: count, sha256: hex(64), savedAs: text },
    ...times,
  },
  failed: { exit: count, message: text, hint: text, name: text },
  done: { delivered: count, stored: count, failed: count },
};

Deno.test("each event of a file has the fields that the command line promises", async () => {
  await using scene = await Scene.open({ serve: ["--types", "image,csv,json"] });
  const files: Record<string, Uint8Array> = {
    "sunset.png": samplePng(16, 10),
    "stations.csv": sampleCsv(5),
    "trip.json": sampleJson(),
    "noise.bin": sampleBytes(1000),
  };
  for (const [name, bytes] of Object.entries(files)) await scene.write(name, bytes);
  const sent = eventsOf(await scene.send([...Object.keys(files), "missing", "--json"]));
  const received = eventsOf(await scene.stopHub("SIGINT"));
  for (const event of [...sent, ...received]) assertFields(event);

  assert.deepEqual(namesOf(sent, "delivered"), ["stations.csv", "sunset.png", "trip.json"]);
  assert.deepEqual(namesOf(received, "received"), ["stations.csv", "sunset.png", "trip.json"]);
  assert.deepEqual(namesOf(received, "offered"), Object.keys(files).sort());
  assert.deepEqual(namesOf(received, "refused"), ["noise.bin"]);
  assert.deepEqual(namesOf(sent, "failed"), ["missing", "noise.bin"]);
  assert.deepEqual(
    new Set([...sent, ...received].map(({ event }) => event)),
    new Set(Object.keys(EVENTS)),
  );
  const { delivered, stored, failed } = sent.at(-1)!;
  assert.deepEqual({ delivered, stored, failed }, { delivered: 3, stored: 0, failed: 2 });

  for (const event of [...sent, ...received].filter(({ sha256 }) => sha256 !== undefined)) {
    assert.equal(event.sha256, sha256(files[event.name]!));
    assert.equal(event.bytes, files[event.name]!.length);
    assert.equal(event.resumedAt, 0);
    if (event.path !== undefined) assert.equal(event.path, join(scene.received, event.name));
  }
  const kinds = received.filter(({ event }) => event === "received").map((
    { name, kind },
  ) => [name, kind]);
  assert.deepEqual(Object.fromEntries(kinds), {
    ...{ "stations.csv": "csv", "sunset.png": "image", "trip.json": "json" },
  });
});

Deno.test("both sides tell the same transfer, its fingerprints and where they meet", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  const sent = eventsOf(await scene.send(["a.txt", "--json"]));
  const received = eventsOf(await scene.stopHub("SIGINT"));
  const [listening, connected] = [received[0]!, sent[0]!];
  for (const field of ["host", "port", "name", "fingerprint"]) {
    assert.equal(connected[field], listening[field], field);
  }
  const ids = [...sent, ...received].map(({ transfer }) => transfer).filter((id) =>
    id !== undefined
  );
  assert.equal(new Set(ids).size, 1);
  assert.deepEqual(received.map(({ event }) => event), [
    "listening",
    "offered",
    "progress",
    "received",
  ]);
  assert.deepEqual(sent.map(({ event }) => event), ["connected", "progress", "delivered", "done"]);
});

Deno.test("progress comes at most ten times a second, grows, and ends with the file", async () => {
  await using scene = await Scene.open();
  const bytes = 15_000_000;
  await scene.write("a.bin", sampleBytes(bytes));
  const sent = await scene.send(["a.bin", "--json", "--limit", "10MB/s"]);
  const received = await scene.stopHub("SIGINT");
  for (const side of [sent, received]) {
    const seen = eventsOf(side, "progress");
    const seconds = (Date.parse(seen.at(-1)!.time) - Date.parse(seen[0]!.time)) / 1000;
    assert.ok(seen.length > 3 && seen.length <= 10 * seconds + 2, `${seen.length} in ${seconds} s`);
    assert.deepEqual(
      seen.map(({ bytes }) => bytes),
      seen.map(({ bytes }) => bytes).sort((a, b) => a - b),
    );
    assert.equal(seen.at(-1)!.bytes, bytes);
    assert.ok(seen.every(({ total }) => total === bytes));
  }
});

Deno.test("what is no plain file says so: files of a folder, text, a size that nobody knew", async () => {
  await using scene = await Scene.open();
  await scene.write("folder/a", "1");
  await scene.write("folder/b/c", "22");
  await scene.send(["folder"]);
  await scene.send(["--text", "hello"]);
  await scene.send(["-", "--as", "in.txt"], { stdin: sampleBytes(10) });
  const received = eventsOf(await scene.stopHub("SIGINT"));
  const about = (name: string, event: string) =>
    received.find((one) => one.name === name && one.event === event)!;
  assert.equal(about("folder", "received").files, 2);
  assert.equal(about("folder", "received").bytes, 3);
  assert.equal(about("message.txt", "received").text, true);
  assert.equal(about("in.txt", "offered").bytes, null);
  assert.equal(about("in.txt", "progress").total, null);
  assert.equal(about("in.txt", "received").bytes, 10);
});

Deno.test("with --json warnings go to stderr, and nothing but events to stdout", async () => {
  await using scene = await Scene.open();
  await scene.write("folder/a", "1");
  await Deno.symlink("a", join(scene.files, "folder", "link"));
  const sent = await scene.send(["folder", "--json"]);
  assert.equal(sent.stderr, 'warning: left out "link": it is a symbolic link\n');
  assert.ok(eventsOf(sent).length > 0);
});

Deno.test("a command that cannot begin is an event too", async () => {
  await using scene = await Scene.open();
  const failed = await run(["send", "--json", "--tp", "x"], { home: await scene.home("ana") });
  const { time: _, ...event } = eventsOf(failed)[0]!;
  assert.deepEqual(event, {
    event: "failed",
    exit: 2,
    message: "unknown option '--tp'",
    hint: "Did you mean --to?",
  });
  assert.equal(eventsOf(failed).length, 1);
});

function assertFields({ event, time, ...fields }: Event) {
  assert.ok(isoTime(time), `${event}: time ${time}`);
  const checks = EVENTS[event];
  assert.ok(checks !== undefined, `"${event}" is no event of the command line`);
  const expected = Object.keys(checks).filter((name) =>
    name !== "hint" || fields.hint !== undefined
  );
  assert.deepEqual(Object.keys(fields).sort(), expected.sort(), event);
  for (const [name, value] of Object.entries(fields)) {
    assert.ok(checks[name]!(value), `${event}: ${name} is ${JSON.stringify(value)}`);
  }
}

function namesOf(events: Event[], event: string): string[] {
  return events.filter((one) => one.event === event).map(({ name }) => name).sort();
}
