import { fromBase64url, toBase64url } from "../bytes.ts";
import { P2pError } from "../errors.ts";
import type { Exchange } from "../protocol/exchange.ts";
import { decodeJson, type Message } from "../protocol/messages.ts";
import { checkedPeerName } from "../names/peer_name.ts";
import { int, object, publicKeysText } from "../protocol/schema.ts";
import type { Code } from "../secure/code.ts";
import { newCode } from "../secure/code_words.ts";
import { CodeClaimant, CodeCreator } from "../secure/code_exchange.ts";
import { type PublicKeys, publicKeysOf } from "../secure/identity_keys.ts";
import { addPerson, findPerson } from "../home/known_people.ts";
import type { HubClient } from "./hub_client.ts";

/** Most bytes of what one side says of itself. */
const MAX_INTRODUCTION_BYTES = 2_048;

/** Most transfers that are announced. */
const MAX_ITEMS = 1_000_000;

/** The words that two sides of a code say of themselves (SPEC.md §19). */
export interface Introduction {
  /** A peer name. */
  name: string;
  keys: PublicKeys;
  /** The number of transfers that it will send; 0 where it receives. */
  items: number;
}

const introduction = object({
  name: checkedPeerName,
  keys: publicKeysText,
  items: int(0, MAX_ITEMS),
});

/** The code by which two sides meet, and what for. */
export interface PairingOptions {
  /** The one that the other side has made, or a new one. */
  code: Code | "new";
  /** The number of transfers that we will send; 0 to receive. */
  items: number;
  /** Keeps the key of the other side under its name. */
  remember: boolean;
}

/**
 * Meets the other side of a code: the one that it has made, or one that is made here and told as an
 * event. "refused" where the code is wrong, used up or was not typed in time.
 */
export async function pair(
  exchange: Exchange,
  client: HubClient,
  { code, items, remember }: PairingOptions,
): Promise<Introduction> {
  const ours = { name: client.name, keys: client.identity.keyPair, items };
  const otherSide = items > 0 ? "receive" : "send";
  const theirs = code === "new"
    ? await makeCode(exchange, {
      ours,
      onCode: (code, untilMs) => client.emit({ type: "code", code, untilMs, otherSide }),
    })
    : await typeCode(exchange, { code, ours });
  const { name, keys: { id: key } } = theirs;
  client.emit({ type: "met", name, key, hasTyped: code === "new" });
  if (remember) {
    const known = await findPerson(client.home, key);
    const called = known?.name ?? await client.askPersonName(name);
    await addPerson(client.home, { name: called, key, via: "code" });
  }
  return theirs;
}

/** Makes a code, tells it to `onCode`, and waits for the other side to type it. */
async function makeCode(
  exchange: Exchange,
  { ours, onCode }: { ours: Introduction; onCode: (code: Code, until: number) => void },
): Promise<Introduction> {
  await exchange.send({ type: "nameplate" });
  const { nameplate, until } = await next(exchange, "allocated");
  const code = newCode(nameplate);
  const creator = new CodeCreator(code);
  await sendBody(exchange, creator.opening);
  onCode(code, until);
  const proof = await nextBody(exchange);
  const answer = await orCancel(exchange, () => creator.answer(proof, encoded(ours)));
  await sendBody(exchange, answer);
  const last = await nextBody(exchange);
  return checked(decoded(creator.finish(last)), ours);
}

/** Uses a code that the other side has made. */
async function typeCode(
  exchange: Exchange,
  { code, ours }: { code: Code; ours: Introduction },
): Promise<Introduction> {
  await exchange.send({ type: "claim", nameplate: code.nameplate });
  const claimant = new CodeClaimant(code, await nextBody(exchange));
  await sendBody(exchange, claimant.proof);
  const answer = await nextBody(exchange);
  const { theirs, last } = await orCancel(exchange, () => claimant.finish(answer, encoded(ours)));
  await sendBody(exchange, last);
  return checked(decoded(theirs), ours);
}

/**
 * Runs a step of the proof; after a wrong guess, of either side, the hub is told, so that the other
 * does not wait.
 */
async function orCancel<T>(exchange: Exchange, step: () => T): Promise<T> {
  try {
    return step();
  } catch (cause) {
    await exchange.send({ type: "cancel", code: "declined", reason: "" });
    if (!(cause instanceof P2pError)) throw cause;
    throw new P2pError("refused", "the code was typed wrong on the other side, and is used up", {
      hint: "run the line again for a new code",
      cause,
    });
  }
}

function checked(theirs: Introduction, ours: Introduction): Introduction {
  if ((theirs.items > 0) !== (ours.items > 0)) return theirs;
  const both = ours.items > 0 ? "send" : "receive";
  throw new P2pError("refused", `both sides want to ${both}`, {
    hint: "run `p2p send` on one side and `p2p receive` on the other",
  });
}

async function next<T extends "allocated" | "pair">(exchange: Exchange, type: T) {
  const message: Message = await exchange.receive();
  if (message.type === type) return message as unknown as Message<T>;
  if (message.type === "refuse" || message.type === "cancel") {
    throw new P2pError("refused", message.reason || "the other side has stopped");
  }
  throw new P2pError("protocol", `expected "${type}", got "${message.type}"`);
}

async function nextBody(exchange: Exchange): Promise<Uint8Array> {
  const { body } = await next(exchange, "pair");
  return fromBase64url(body);
}

function sendBody(exchange: Exchange, body: Uint8Array): Promise<void> {
  return exchange.send({ type: "pair", body: toBase64url(body) });
}

function encoded({ name, keys, items }: Introduction): Uint8Array {
  const json = { name, keys: toBase64url(keys.bytes), items };
  return new TextEncoder().encode(JSON.stringify(json));
}

function decoded(bytes: Uint8Array): Introduction {
  const { keys, ...rest } = introduction(decodeJson(bytes, MAX_INTRODUCTION_BYTES), "");
  return { ...rest, keys: publicKeysOf(fromBase64url(keys)) };
}
