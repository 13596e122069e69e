import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { HubClient } from "../../src/client/hub_client.ts";
import type { Exchange } from "../../src/protocol/exchange.ts";
import type { Message } from "../../src/protocol/messages.ts";
import type { OnOpen, Session } from "../../src/protocol/session.ts";
import { openEnvelope, PURPOSE } from "../../src/secure/envelope.ts";
import { type IdentityKeys, identityKeys } from "../../src/secure/identity_keys.ts";
import { sealAnswer } from "../../src/transfer/answer.ts";

/** What somebody does with what is sent to them. */
export type OnDelivery = (
  exchange: Exchange,
  delivery: Message<"delivery">,
  keyPair: IdentityKeys,
) =>
  | void
  | Promise<void>;

/** Somebody who is joined without a process, and without a disk, of their own. */
export interface Person extends AsyncDisposable {
  readonly session: Session;
}

/** Joins under `name`, and resolves once the hub has taken it. */
export async function joinAs(
  name: string,
  port: number,
  onDelivery: OnDelivery = () => {},
): Promise<Person> {
  const home = await Deno.makeTempDir({ prefix: "person-" });
  const keyPair = await identityKeys();
  const onOpen: OnOpen = (exchange, opening) => {
    if (opening.type !== "delivery") return;
    onDelivery(exchange, opening, keyPair)?.catch(() => {}); // The hub tells the sender what became of it.
  };
  const client = new HubClient({
    address: { host: "127.0.0.1", port },
    identity: { keyPair, name: undefined },
    ...{ name, home },
    questions: {
      trustKey: () => Promise.resolve(true),
      secret: () => Promise.resolve(undefined),
    },
    onEvent: () => {},
  });
  const { session } = await client.connect({ onOpen, signal: new AbortController().signal });
  const exchange = session.open();
  await exchange.send({ type: "join", keep: true });
  assert.equal((await exchange.receive()).type, "joined");
  const news = (async () => {
    for (;;) await exchange.receive();
  })();
  news.catch(() => {});
  return {
    session,
    async [Symbol.asyncDispose]() {
      await session.goodbye("bye", "");
      await session.closed.catch(() => {});
      await Deno.remove(home, { recursive: true });
    },
  };
}

/** Joins as several, one after the other; all leave at once at the end of the block. */
export async function joinEach(
  names: string[],
  port: number,
  onDelivery?: OnDelivery,
): Promise<AsyncDisposable> {
  const joined: Person[] = [];
  for (const name of names) joined.push(await joinAs(name, port, onDelivery));
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(joined.map((person) => person[Symbol.asyncDispose]()));
    },
  };
}

/** Takes all that is sent, looks at none of it, and answers that it is there: what costs the hub all and the bench little. */
export async function takeAndDrop(
  exchange: Exchange,
  { transfer, sealed }: Message<"delivery">,
  keyPair: IdentityKeys,
): Promise<void> {
  const { sender } = await openEnvelope(Buffer.from(sealed, "base64url"), {
    purpose: PURPOSE.offer,
    transferId: Buffer.from(transfer, "hex"),
    receiver: keyPair,
  });
  await exchange.accept({ offset: 0, digest: null });
  let bytes = 0;
  for await (const chunk of exchange.data) bytes += chunk.length;
  const receipt = { savedAs: "nowhere", sha256: "0".repeat(64), bytes, resumedAt: 0 };
  const answer = await sealAnswer(receipt, { keyPair, to: sender, transfer });
  await exchange.send({ type: "answer", code: "delivered", sealed: answer });
  for (;;) if ((await exchange.receive()).type === "settled") break;
  exchange.end();
}
