import { toBase64url } from "../../src/bytes.ts";
import { PUBLIC_KEYS_BYTES } from "../../src/secure/identity_keys.ts";
import { encodeKey } from "../../src/secure/static_key.ts";
import type { Message, MessageType } from "../../src/protocol/messages.ts";
import { offerOf } from "./session_pair.ts";

const TRANSFER = "0123456789abcdef".repeat(2);
const HEX64 = "ab".repeat(32);
const BASE64URL43 = "A".repeat(43);

/** One valid message of each type, in the exchange of that number where it belongs to one (SPEC.md §7). */
export function sampleMessages(exchange: number): Message[] {
  const id = encodeKey(new Uint8Array(32));
  const keys = toBase64url(new Uint8Array(PUBLIC_KEYS_BYTES));
  const samples: { [T in MessageType]: Message<T> } = {
    welcome: { type: "welcome", name: "the hub", time: 5, you: null, owned: false },
    goodbye: { type: "goodbye", code: "bye", reason: "" },
    ping: { type: "ping" },
    pong: { type: "pong" },
    offer: offerOf(exchange),
    accept: { type: "accept", exchange, offset: 0, digest: null, credit: 4_194_304, taken: false },
    already: { type: "already", exchange, savedAs: "a", sha256: HEX64, bytes: 1 },
    refuse: { type: "refuse", exchange, code: "name", reason: "no" },
    begin: { type: "begin", exchange, offset: 0, salt: BASE64URL43 },
    end: { type: "end", exchange },
    credit: { type: "credit", exchange, bytes: 1, wider: 0 },
    receipt: { type: "receipt", exchange, savedAs: "a", sha256: HEX64, bytes: 1, resumedAt: 0 },
    settled: { type: "settled", exchange },
    cancel: { type: "cancel", exchange, code: "interrupted", reason: "" },
    join: { type: "join", exchange, keep: true },
    joined: { type: "joined", exchange, people: 3, names: [{ name: "bo", waiting: 2 }] },
    presence: { type: "presence", exchange, name: "bo", id, state: "left" },
    list: { type: "list", exchange },
    person: { type: "person", exchange, name: "bo", keys, state: "away", since: 1, waiting: 0 },
    relay: { type: "relay", exchange, transfer: TRANSFER, size: null, receivers: 1, ahead: false },
    envelope: { type: "envelope", exchange, to: "bo", sealed: "AA" },
    routed: { type: "routed", exchange, to: "bo", state: "away", until: 5, reason: "" },
    stored: { type: "stored", exchange, until: 5 },
    outcome: { type: "outcome", exchange, to: "bo", code: "delivered", sealed: "AA" },
    delivery: {
      ...{ type: "delivery", exchange, transfer: TRANSFER, from: "ana", sealed: "AA", size: 9 },
      ahead: false,
    },
    run: { type: "run", exchange, offset: 0, start: 0, salt: BASE64URL43 },
    answer: { type: "answer", exchange, code: "name", sealed: null },
    status: { type: "status", exchange },
    withdraw: { type: "withdraw", exchange, transfer: TRANSFER, to: "bo" },
    entry: {
      ...{ type: "entry", exchange, transfer: TRANSFER, to: "bo", size: 1, bytes: 0, created: 1 },
      ...{ until: 2, code: "waiting", sealed: null },
    },
    nameplate: { type: "nameplate", exchange },
    allocated: { type: "allocated", exchange, nameplate: 7, until: 5 },
    claim: { type: "claim", exchange, nameplate: 7 },
    pair: { type: "pair", exchange, body: "AA" },
    listed: { type: "listed", exchange },
  };
  return Object.values(samples);
}
