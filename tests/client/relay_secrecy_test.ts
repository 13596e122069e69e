import assert from "node:assert/strict";
import { join } from "node:path";
import { fromBase64url, fromHex } from "../../src/bytes.ts";
import { openEnvelope, PURPOSE } from "../../src/secure/envelope.ts";
import type { ClientEvent } from "../../src/client/client_event.ts";
import { fileItem } from "../../src/client/items.ts";
import { sendBatch } from "../../src/client/send_batch.ts";
import { P2pError } from "../../src/errors.ts";
import { loadIdentity } from "../../src/home/identity.ts";
import { readSpoolRecord, type SpoolRecord } from "../../src/hub/spool/spool_record.ts";
import { NONCE_BYTES, open } from "../../src/secure/aead.ts";
import type { IdentityKeys } from "../../src/secure/identity_keys.ts";
import { deriveDataKey } from "../../src/secure/sealed_stream.ts";
import type { TransferEvent } from "../../src/transfer/events.ts";
import type { Address } from "../../src/transport/address.ts";
import { clientIn, forever } from "../helpers/connect_to_hub.ts";
import { eventually } from "../helpers/eventually.ts";
import { openServer } from "../helpers/hub_server.ts";
import { Events, Member, ofType } from "../helpers/member.ts";
import { TempDir } from "../helpers/temp_dir.ts";

const PEOPLE = { people: { names: ["bob"], all: false }, giveUpMs: 0 };

Deno.test("a copy of the spool stays closed to all that a sender keeps once the hub has it", async () => {
  await using dir = await TempDir.make();
  await using home = await TempDir.make();
  const { server } = await openServer(dir);
  const bob = await joinAndLeave(server.address);
  const identity = await loadIdentity(home.path);
  const events = new Events<ClientEvent>();
  const about = { address: server.address, name: "ana", identity };
  const client = clientIn(home, { ...about, onEvent: events.add });
  await Deno.writeTextFile(home.join("plan.txt"), "meet at nine");
  const items = [fileItem(home.join("plan.txt"))];

  // Stopped while it waits for the receipt, it can go on: the key is there.
  const stop = new AbortController();
  const options = { ...PEOPLE, wait: "delivered" as const, giveUpMs: 60_000, signal: stop.signal };
  const waiting = sendBatch(client, items, options);
  await eventually(async () => assert.equal((await spooled(dir))[0]?.stored, true));
  stop.abort(new P2pError("interrupted", "interrupted"));
  assert.equal((await waiting).worst, "interrupted");
  const [copy] = await spooled(dir);
  assert.equal(await openedWith(copy!, await secretsIn(home)), "meet at nine");

  // The same line is done with it: the one transfer went on, and nothing opens the copy any more.
  assert.equal((await sendBatch(client, items, { ...PEOPLE, signal: forever() })).stored, 1);
  assert.equal((await events.find(ofType("outcome"))).outcome.transferId, copy!.relay.transfer);
  assert.equal((await spooled(dir)).length, 1);
  assert.equal(await openedWith(copy!, await secretsIn(home)), undefined);
  await assert.rejects(opened(copy!, identity.keyPair), { code: "protocol" });
  // What remains: the recipient's keys open it for as long as there is a copy.
  const key = fromBase64url((await opened(copy!, bob)).key);
  assert.equal(await openedWith(copy!, [key]), "meet at nine");
  await server.close();
});

Deno.test("a relay whose key is gone begins anew, and arrives", async () => {
  await using dir = await TempDir.make();
  await using home = await TempDir.make();
  const { server } = await openServer(dir);
  await joinAndLeave(server.address);
  const client = clientIn(home, { address: server.address, name: "ana" });
  await Deno.writeTextFile(home.join("plan.txt"), "meet at nine");
  const items = [fileItem(home.join("plan.txt"))];
  const stop = new AbortController();
  const waiting = sendBatch(client, items, {
    ...{ ...PEOPLE, wait: "delivered", giveUpMs: 60_000, signal: stop.signal },
  });
  await eventually(async () => assert.equal((await spooled(dir))[0]?.stored, true));
  stop.abort(new P2pError("interrupted", "interrupted"));
  await waiting;
  const [{ relay: { transfer } }] = await spooled(dir) as [Copy];
  await Deno.remove(home.join("sent", `${transfer}.key`));
  await using bob = await Member.join(server.address, { name: "bob" });
  assert.equal((await sendBatch(client, items, { ...PEOPLE, signal: forever() })).delivered, 1);
  const isWhole = (event: TransferEvent) => event.event === "received";
  await bob.transfers.find((event): event is TransferEvent => isWhole(event), 1);
  for (const name of ["plan.txt", "plan (1).txt"]) {
    assert.equal(await Deno.readTextFile(join(bob.received, name)), "meet at nine");
  }
  await server.close();
});

/** The keys of bob, who was there once. */
async function joinAndLeave(address: Address): Promise<IdentityKeys> {
  await using member = await Member.join(address, { name: "bob" });
  return member.client.identity.keyPair;
}

/** A transfer in the spool, with its one envelope and its one chunk. */
type Copy = SpoolRecord & { envelope: string; content: Uint8Array };

async function spooled(dir: TempDir): Promise<Copy[]> {
  const spool = dir.join("home", "spool");
  return await Promise.all([...Deno.readDirSync(spool)].map(async ({ name }) => {
    const text = await Deno.readTextFile(join(spool, name, "journal"));
    const lines = text.trim().split("\n").map((line) => JSON.parse(line));
    return {
      ...readSpoolRecord(lines)!,
      envelope: await Deno.readTextFile(join(spool, name, "envelopes")),
      content: await Deno.readFile(join(spool, name, "content")),
    };
  }));
}

/** All in a home that may be a key of 32 bytes: every run of characters that can be one. */
async function secretsIn(home: TempDir): Promise<Uint8Array[]> {
  const secrets: Uint8Array[] = [];
  const folders = [home.path];
  for (let folder; (folder = folders.pop()) !== undefined;) {
    for (const { name, isDirectory } of Deno.readDirSync(folder)) {
      if (isDirectory) folders.push(join(folder, name));
      else secrets.push(...candidates(await Deno.readTextFile(join(folder, name))));
    }
  }
  return secrets;
}

function candidates(text: string): Uint8Array[] {
  const base64url = [...text.matchAll(/[\w-]{43,}/g)].map(([word]) => word.slice(0, 43));
  const hex = [...text.matchAll(/[0-9a-f]{64}/g)].map(([digits]) => fromHex(digits));
  return [...base64url.map((word) => fromBase64url(word)), ...hex];
}

/** The content of a copy that has one chunk, by the one of these keys that opens it. */
async function openedWith(
  { relay, runs, content }: Copy,
  keys: Uint8Array[],
): Promise<string | undefined> {
  const nonce = new Uint8Array(NONCE_BYTES);
  nonce[NONCE_BYTES - 1] = 1; // The last chunk.
  const run = { salt: fromBase64url(runs[0]!.salt), transferId: fromHex(relay.transfer) };
  for (const key of keys) {
    try {
      const dataKey = deriveDataKey(key, { ...run, offset: 0 });
      return new TextDecoder().decode(await open(dataKey, nonce, content));
    } catch {
      continue;
    }
  }
}

async function opened({ relay, envelope }: Copy, receiver: IdentityKeys): Promise<{ key: string }> {
  const { payload } = await openEnvelope(fromBase64url(envelope), {
    purpose: PURPOSE.offer,
    transferId: fromHex(relay.transfer),
    receiver,
  });
  return JSON.parse(new TextDecoder().decode(payload));
}
