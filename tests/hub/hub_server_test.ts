import assert from "node:assert/strict";
import type { ClientEvent } from "../../src/client/client_event.ts";
import { fileItem, textItem } from "../../src/client/items.ts";
import { Membership } from "../../src/client/membership.ts";
import { sendBatch } from "../../src/client/send_batch.ts";
import type { HubServerEvent } from "../../src/hub/hub_server.ts";
import { SEGMENT_BYTES } from "../../src/storage/checkpoint_pace.ts";
import { clientIn, forever } from "../helpers/connect_to_hub.ts";
import { eventually } from "../helpers/eventually.ts";
import { nameOf, openServer } from "../helpers/hub_server.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { TempDir } from "../helpers/temp_dir.ts";

Deno.test("HubServer.close tells every peer, lets what is under way come to its end, and frees port and spool", async () => {
  await using dir = await TempDir.make();
  await using ana = await TempDir.make();
  await using bob = await TempDir.make();
  const { server, events } = await openServer(dir);
  const { address } = server;

  const lost = Promise.withResolvers<ClientEvent>();
  const leaving = new AbortController();
  const member = new Membership(
    clientIn(bob, {
      address,
      name: "bob",
      onEvent: (event) => event.type === "lost" && lost.resolve(event),
    }),
    { take: () => Promise.reject(new Error("nothing is brought")) },
  );
  const staying = member.keep(leaving.signal);
  await eventually(() => assert.ok(events.map(nameOf).includes("joined")));

  await Deno.writeFile(ana.join("big.bin"), sampleBytes(3 * SEGMENT_BYTES));
  const sender = clientIn(ana, { address, name: "ana" });
  const items = [fileItem(ana.join("big.bin"))];
  const how = { giveUpMs: 0, signal: forever() };
  const sent = sendBatch(sender, items, { ...how, limit: 20_000_000 });
  await eventually(() => assert.ok(bytesIn(events) > SEGMENT_BYTES));

  await server.close();
  assert.equal(events.map(nameOf).filter((name) => name !== "progress").at(-1), "interrupted");
  assert.ok(events.map(nameOf).includes("left"), "bob's session has ended before");
  const before = events.length;
  const result = await sent;
  assert.deepEqual([result.failed, result.worst], [1, "connection"]);
  assert.match(String((await lost.promise as { error?: Error }).error), /the hub is stopping/);
  leaving.abort();
  await assert.rejects(staying);

  // All is given back: another one has the same port, home and folder at once.
  const again = await openServer(dir, { address });
  const rest = await sendBatch(sender, items, how);
  assert.deepEqual([rest.delivered, rest.worst], [1, undefined]);
  await again.server.close();
  assert.equal(events.length, before, "nothing happens after close");
  const received = again.events.flatMap((one) =>
    one.type === "transfer" && one.event.event === "received" ? [one.event] : []
  );
  assert.ok(received[0]!.resumedAt > 0, "what was under way went on");
});

Deno.test("HubServer.close keeps in the spool what was acknowledged, and closes once", async () => {
  await using dir = await TempDir.make();
  await using ana = await TempDir.make();
  await using bob = await TempDir.make();
  const { server } = await openServer(dir);
  const { address } = server;
  const leaving = new AbortController();
  const joined = Promise.withResolvers<void>();
  const known = clientIn(bob, {
    address,
    name: "bob",
    onEvent: ({ type }) => type === "joined" && joined.resolve(),
  });
  const staying = new Membership(known, { take: () => Promise.resolve() }).keep(leaving.signal);
  await joined.promise;
  leaving.abort();
  await assert.rejects(staying);

  const sender = clientIn(ana, { address, name: "ana" });
  const people = { names: ["bob"], all: false };
  const stored = await sendBatch(sender, [textItem("hello")], {
    ...{ people, wait: "stored", giveUpMs: 0, signal: forever() },
  });
  assert.deepEqual([stored.stored, stored.worst], [1, undefined]);
  await Promise.all([server.close(), server.close()]);

  const again = await openServer(dir, { address });
  const offered = Promise.withResolvers<string>();
  const back = new AbortController();
  const returning = new Membership(known, {
    take: (exchange, delivery) => {
      offered.resolve(delivery.from);
      exchange.end();
      return Promise.resolve();
    },
  }).keep(back.signal);
  assert.equal(await offered.promise, "ana");
  back.abort();
  await assert.rejects(returning);
  await again.server.close();
});

Deno.test("openHubServer gives everything back where its port is taken", async () => {
  await using dir = await TempDir.make();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = { host: "127.0.0.1", port: listener.addr.port };
  await assert.rejects(openServer(dir, { address }), { code: "local", message: /in use/ });
  const { server } = await openServer(dir);
  await server.close();
});

/** The bytes of a transfer to the hub itself that have come. */
function bytesIn(events: HubServerEvent[]): number {
  const last = events.at(-1);
  return last?.type === "transfer" && last.event.event === "progress" ? last.event.bytes : 0;
}
