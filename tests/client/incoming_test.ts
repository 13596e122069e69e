import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { ClientEvent } from "../../src/client/client_event.ts";
import { Deliveries } from "../../src/client/incoming.ts";
import { textItem } from "../../src/client/items.ts";
import { sendBatch } from "../../src/client/send_batch.ts";
import { AnsweredTransfers } from "../../src/home/answered.ts";
import { addPerson } from "../../src/home/known_people.ts";
import { openReceiver } from "../../src/transfer/open_receiver.ts";
import { clientIn, forever } from "../helpers/connect_to_hub.ts";
import { openServer } from "../helpers/hub_server.ts";
import { Events, Member, ofType } from "../helpers/member.ts";
import { SessionPair } from "../helpers/session_pair.ts";
import { TempDir } from "../helpers/temp_dir.ts";

Deno.test("Deliveries refuses an envelope that is not for it as corrupt, and tells who brought it", async () => {
  await using dir = await TempDir.make();
  const events = new Events<ClientEvent>();
  const address = { host: "127.0.0.1", port: 1 };
  const client = clientIn(dir, { address, onEvent: events.add });
  const receiver = await openReceiver(
    { dir: dir.join("received"), onConflict: "rename", allowHidden: false },
    { report: () => assert.fail("nothing is offered") },
  );
  const answered = await AnsweredTransfers.open(dir.path);
  const deliveries = new Deliveries(client, { receiver, answered, onlyKnown: false });
  await using pair = await SessionPair.open({
    onOpenInitiator: (exchange, opening) => {
      if (opening.type === "delivery") deliveries.take(exchange, opening, "hub");
    },
  });
  const exchange = pair.acceptor.open();
  const transferId = "a".repeat(32);
  const sealed = randomBytes(2_000).toString("base64url");
  await exchange.send({ type: "delivery", transfer: transferId, from: "ana", sealed, size: 1 });
  assert.deepEqual(await exchange.receive(), {
    ...{ type: "answer", exchange: 2, code: "corrupt", sealed: null },
  });
  const { reason, ...refused } = await events.find(ofType("refused"));
  assert.deepEqual(refused, { type: "refused", transferId, from: "ana" });
  assert.notEqual(reason, "");
  exchange.end();
});

Deno.test("Deliveries takes from known people alone where that is wanted, and the sender is told why not", async () => {
  await using dir = await TempDir.make();
  await using home = await TempDir.make();
  const { server } = await openServer(dir);
  await using bob = await Member.join(server.address, { name: "bob", onlyKnown: true });
  const ana = clientIn(home, { address: server.address, name: "ana" });
  const how = { people: { names: ["bob"], all: false }, giveUpMs: 0, signal: forever() };

  assert.equal((await sendBatch(ana, [textItem("one")], how)).worst, "refused");
  const refused = await bob.events.find(ofType("refused"));
  assert.deepEqual([refused.from, refused.reason], ["ana", "only known people are accepted"]);

  const { id: key } = ana.identity.keyPair;
  await addPerson(bob.client.home, { name: "ana", key, via: "hand" });
  assert.equal((await sendBatch(ana, [textItem("two")], how)).delivered, 1);
  await server.close();
});
