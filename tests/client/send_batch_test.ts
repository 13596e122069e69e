import assert from "node:assert/strict";
import { join } from "node:path";
import type { ClientEvent, ItemOutcome } from "../../src/client/client_event.ts";
import { fileItem, type Item, streamItem, textItem } from "../../src/client/items.ts";
import { sendBatch } from "../../src/client/send_batch.ts";
import { P2pError } from "../../src/errors.ts";
import { clientIn, forever } from "../helpers/connect_to_hub.ts";
import { openServer } from "../helpers/hub_server.ts";
import { Events, Member, ofType } from "../helpers/member.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { TempDir } from "../helpers/temp_dir.ts";

const NOW = { giveUpMs: 0, signal: forever() };

Deno.test("sendBatch gives counts and the gravest error, and an outcome for each item", async () => {
  await using dir = await TempDir.make();
  await using ana = await TempDir.make();
  const { server } = await openServer(dir, {
    receive: {
      dir: dir.join("received"),
      onConflict: "rename",
      allowHidden: false,
      types: ["file"],
    },
  });
  const events = new Events<ClientEvent>();
  const client = clientIn(ana, { address: server.address, onEvent: events.add });
  await Deno.writeTextFile(ana.join("b.json"), '{"not": "taken"}');
  const items = [
    textItem("hello", "a.bin"),
    fileItem(ana.join("b.json")),
    fileItem(ana.join("missing")),
    streamItem(new Blob(["streamed"]).stream(), "c.bin"),
  ];
  const result = await sendBatch(client, items, NOW);
  assert.deepEqual(result, { delivered: 2, stored: 0, failed: 2, worst: "local" });
  const outcomes = outcomesIn(events);
  assert.deepEqual(outcomes.map(({ item }) => item.label).sort(), [
    "a.bin",
    "b.json",
    "c.bin",
    "missing",
  ]);
  const codeOf = (label: string) => outcomes.find(({ item }) => item.label === label)!.error?.code;
  assert.deepEqual(["a.bin", "b.json", "missing"].map(codeOf), [undefined, "refused", "local"]);
  assert.equal(await Deno.readTextFile(join(dir.path, "received", "c.bin")), "streamed");
  await server.close();
});

Deno.test("sendBatch says what ended it where there is no hub, nobody to send to, or it is interrupted", async () => {
  await using dir = await TempDir.make();
  await using ana = await TempDir.make();
  const { server } = await openServer(dir);
  const client = clientIn(ana, { address: server.address });
  const items = [textItem("a"), textItem("b")];

  const nobody = await sendBatch(client, items, { ...NOW, people: { names: ["bob"], all: false } });
  assert.deepEqual([nobody.failed, nobody.worst], [2, "refused"]);
  assert.match(nobody.error!.message, /nobody named "bob"/);

  const stop = new AbortController();
  const endless = streamItem(
    new ReadableStream({ pull: (it) => it.enqueue(sampleBytes(100_000)) }),
    "x",
  );
  const events = new Events<ClientEvent>();
  const sending = clientIn(ana, { address: server.address, onEvent: events.add });
  const interrupted = sendBatch(sending, [endless], {
    ...NOW,
    limit: 2_000_000,
    signal: stop.signal,
  });
  await events.find(ofType("progress"));
  stop.abort(new P2pError("interrupted", "interrupted"));
  const { error, ...result } = await interrupted;
  assert.deepEqual(result, { delivered: 0, stored: 0, failed: 1, worst: "interrupted" });
  assert.equal(error?.code, "interrupted");

  await server.close();
  const none = await sendBatch(client, items, NOW);
  assert.deepEqual([none.failed, none.worst, none.error?.code], [2, "connection", "connection"]);
});

Deno.test("sendBatch goes on after a cut, tells it, and keeps what is done", async () => {
  await using dir = await TempDir.make();
  await using ana = await TempDir.make();
  const first = await openServer(dir);
  const { address } = first.server;
  const events = new Events<ClientEvent>();
  const client = clientIn(ana, { address, onEvent: events.add });
  await Deno.writeFile(ana.join("big.bin"), sampleBytes(2_000_000));
  const items = [textItem("small"), fileItem(ana.join("big.bin"))];
  const sending = sendBatch(client, items, { ...NOW, giveUpMs: 60_000, limit: 1_000_000 });
  await events.find(ofType("outcome"));
  await first.server.close();
  assert.equal((await events.find(ofType("lost"))).while, "sending");
  const second = await openServer(dir, { address });
  assert.deepEqual(await sending, { delivered: 2, stored: 0, failed: 0, worst: undefined });
  assert.deepEqual(outcomesIn(events).map(({ item }) => item.label), ["message.txt", "big.bin"]);
  await second.server.close();
});

Deno.test("sendBatch waits for a hub that is not there yet where it is asked to, and no other way", async () => {
  await using dir = await TempDir.make();
  await using ana = await TempDir.make();
  const first = await openServer(dir);
  const { address } = first.server;
  await first.server.close();
  const events = new Events<ClientEvent>();
  const client = clientIn(ana, { address, onEvent: events.add });
  const wait = { ...NOW, giveUpMs: 60_000 };
  assert.equal((await sendBatch(client, [textItem("hello")], wait)).worst, "connection");
  const sending = sendBatch(client, [textItem("hello")], { ...wait, waitsForHub: true });
  assert.equal((await events.find(ofType("lost"))).while, "connecting");
  const second = await openServer(dir, { address });
  assert.equal((await sending).delivered, 1);
  await second.server.close();
});

Deno.test("sendBatch has one outcome for each person: delivered here, stored for who is away", async () => {
  await using dir = await TempDir.make();
  await using home = await TempDir.make();
  const { server } = await openServer(dir);
  await using bob = await Member.join(server.address, { name: "bob" });
  {
    await using _ = await Member.join(server.address, { name: "cleo" });
  }
  const events = new Events<ClientEvent>();
  const client = clientIn(home, { address: server.address, name: "ana", onEvent: events.add });
  const people = { names: ["bob", "cleo"], all: false };
  await bob.events.find((event): event is ClientEvent =>
    event.type === "person" && event.name === "cleo" && event.state === "left"
  );
  const result = await sendBatch(client, [textItem("hello")], { ...NOW, people });
  assert.deepEqual(result, { delivered: 1, stored: 1, failed: 0, worst: undefined });
  const outcomes = outcomesIn(events).map(({ to, stored, delivered }) => [
    to,
    stored?.event ?? delivered?.event,
  ]);
  assert.deepEqual(outcomes.sort(), [["bob", "delivered"], ["cleo", "stored"]]);
  await server.close();
});

Deno.test("streamItem cannot be opened a second time", async () => {
  const item: Item = streamItem(new Blob(["a"]).stream(), "a.txt");
  await (await item.open()).close();
  await assert.rejects(item.open(), { code: "connection", message: /cannot be read again/ });
});

function outcomesIn(events: Events<ClientEvent>): ItemOutcome[] {
  return events.all.flatMap((event) => event.type === "outcome" ? [event.outcome] : []);
}
