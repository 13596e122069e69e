import assert from "node:assert/strict";
import type { ClientEvent } from "../../src/client/client_event.ts";
import { CodeInbox } from "../../src/client/code_inbox.ts";
import type { HubClient } from "../../src/client/hub_client.ts";
import { Deliveries } from "../../src/client/incoming.ts";
import { textItem } from "../../src/client/items.ts";
import { sendByCode } from "../../src/client/send_by_code.ts";
import { AnsweredTransfers } from "../../src/home/answered.ts";
import { knownPeople } from "../../src/home/known_people.ts";
import type { Code } from "../../src/secure/code.ts";
import { openReceiver } from "../../src/transfer/open_receiver.ts";
import { clientIn, forever } from "../helpers/connect_to_hub.ts";
import { openServer } from "../helpers/hub_server.ts";
import { Events, ofType } from "../helpers/member.ts";
import { TempDir } from "../helpers/temp_dir.ts";

// On a busy machine the last outcome comes a moment after the receiver has gone.
const HOW = { giveUpMs: 20_000, signal: forever() };

Deno.test("sendByCode and CodeInbox meet by a code that is told as an event, and by its name alone", async () => {
  await using dir = await TempDir.make();
  await using home = await TempDir.make();
  await using other = await TempDir.make();
  const { server } = await openServer(dir);
  const events = new Events<ClientEvent>();
  const ana = clientIn(home, { address: server.address, name: "ana", onEvent: events.add });
  const items = [textItem("one"), textItem("two")];
  const sending = sendByCode(ana, items, { ...HOW, code: "new", remember: false });
  const made = await events.find(ofType("code"));
  assert.equal(made.otherSide, "receive");

  const met = new Events<ClientEvent>();
  const bob = clientIn(other, { address: server.address, name: "bob", onEvent: met.add });
  const inbox = await fill(bob, made.code, other);
  assert.deepEqual([inbox.sender?.name, inbox.sender?.items, inbox.refused], ["ana", 2, 0]);
  assert.equal((await events.find(ofType("met"))).name, "bob");
  assert.equal((await met.find(ofType("met"))).name, "ana");
  assert.deepEqual(await sending, { delivered: 2, stored: 0, failed: 0, worst: undefined });
  const outcomes = events.all.filter(ofType("outcome")).map(({ outcome }) => outcome.to);
  assert.deepEqual(outcomes, ["bob", "bob"]);
  assert.deepEqual((await knownPeople(other.path)).map(({ name, via }) => [name, via]), [
    ["ana", "code"],
  ]);
  await server.close();
});

Deno.test("sendByCode refuses a code that was typed wrong, and tells that it is used up", async () => {
  await using dir = await TempDir.make();
  await using home = await TempDir.make();
  await using other = await TempDir.make();
  const { server } = await openServer(dir);
  const events = new Events<ClientEvent>();
  const ana = clientIn(home, { address: server.address, name: "ana", onEvent: events.add });
  const sending = sendByCode(ana, [textItem("one")], { ...HOW, code: "new", remember: false });
  sending.catch(() => {});
  const { code } = await events.find(ofType("code"));
  const wrong = { ...code, words: code.words.toReversed() };
  const bob = clientIn(other, { address: server.address, name: "bob" });
  await assert.rejects(fill(bob, wrong, other), { code: "refused" });
  await assert.rejects(sending, { code: "refused", message: /used up/ });
  await server.close();
});

/** Takes everything that the code brings. */
async function fill(client: HubClient, code: Code, dir: TempDir): Promise<CodeInbox> {
  const inbox = new CodeInbox(client, { code, remember: true });
  const receiver = await openReceiver(
    { dir: dir.join("received"), onConflict: "rename", allowHidden: false },
    { report: (event) => inbox.count(event) },
  );
  const answered = await AnsweredTransfers.open(client.home);
  const deliveries = new Deliveries(client, {
    ...{ receiver, answered, onlyKnown: false },
    byCode: () => inbox.sender,
  });
  try {
    await inbox.fill(deliveries, HOW.signal);
  } finally {
    await receiver.idle();
    await inbox.close();
  }
  return inbox;
}
