import { P2pError } from "../errors.ts";
import { checkedPeerName } from "../names/peer_name.ts";
import {
  base64url,
  boolean,
  type Check,
  type Checked,
  type Fields,
  hex,
  int,
  keyText,
  list,
  nullable,
  object,
  optional,
  publicKeysText,
  text,
  wordOr,
} from "./schema.ts";

/** Most bytes of one message as JSON (SPEC.md §6). */
export const MAX_MESSAGE_BYTES = 32_768;

/** Deepest nesting of one message (SPEC.md §6). */
export const MAX_MESSAGE_DEPTH = 6;

/** Largest exchange number (SPEC.md §7). */
export const MAX_EXCHANGE = 2 ** 31 - 1;

/** Most UTF-16 code units of a reason (SPEC.md §7). */
export const MAX_REASON_LENGTH = 500;

/** The kinds that a file is taken for (SPEC.md §7, `offer`). */
export const KINDS = ["image", "csv", "json", "file"] as const;

/** The reasons to refuse an offer (SPEC.md §7). */
export const REFUSE_CODES = [
  "name",
  "kind",
  "size",
  "quota",
  "space",
  "declined",
  "exists",
  "busy",
  "disk",
  "person",
  "unknown",
] as const;

/** The reasons to end a running exchange (SPEC.md §7). */
export const CANCEL_CODES = [
  ...REFUSE_CODES,
  "interrupted",
  "changed",
  "corrupt",
  "damaged",
] as const;

/** The reasons to end a session (SPEC.md §7). */
export const GOODBYE_CODES = [
  "bye",
  "refused",
  "protocol",
  "busy",
  "shutdown",
  "replaced",
] as const;

/** The outcomes of a transfer through the hub, for one recipient (SPEC.md §16). */
export const OUTCOME_CODES = ["delivered", "expired", "withdrawn", ...CANCEL_CODES] as const;

/** Most other names of one person that a hub tells of (SPEC.md §15). */
export const MAX_OTHER_NAMES = 16;

/** Most receivers of one transfer (SPEC.md §16). */
export const MAX_RECEIVERS = 1_000;

/** Longest envelope, in characters of base64url (SPEC.md §16). */
export const MAX_ENVELOPE_LENGTH = 12_288;

/** Largest number of a nameplate (SPEC.md §19). */
export const MAX_NAMEPLATE = 999_999_999;

/**
 * Longest body that a hub passes on between two sides of a code, in characters of base64url
 * (SPEC.md §19).
 */
export const MAX_PAIR_LENGTH = 4_096;

const exchange = int(1, MAX_EXCHANGE);
const reason = text(MAX_REASON_LENGTH);
const sealed = nullable(text(MAX_ENVELOPE_LENGTH));
const outcomeCode = wordOr(OUTCOME_CODES, "declined");

/**
 * The fields of an offer that describe a file or folder (SPEC.md §7, §17). They are listed here
 * alone.
 */
export const OFFER_FIELDS = {
  name: text(1024),
  kind: wordOr(KINDS, "file"),
  size: nullable(int()),
  folder: boolean,
  files: int(),
  modified: nullable(int()),
  executable: boolean,
  text: boolean,
};

/** A file or folder as an offer describes it. */
export type OfferFields = Readonly<Fields<typeof OFFER_FIELDS>>;

/** The batch that an offer belongs to, of so many transfers; null where it is alone. */
const batch = optional(nullable(object({ id: hex(32), items: int(2) })), null);

/** What one `p2p send` sends together: an id, and how many transfers there are. */
export type Batch = Readonly<NonNullable<Checked<typeof batch>>>;

/** The fields of an offer that a receiver does not write down. */
const UNWRITTEN_FIELDS = {
  batch,
  /** The transfer key, 32 bytes. */
  key: base64url(43),
  /** Of the content, where the sender delivered that here before. */
  sha256: optional(nullable(hex(64)), null),
};

/** Checks what an envelope holds: an offer, and when it was made (SPEC.md §17). */
export const sealedOffer = object({ ...OFFER_FIELDS, ...UNWRITTEN_FIELDS, created: int() });

/** True where a first flight follows (SPEC.md §8). */
const ahead = optional(boolean, false);

/** The fields of a receipt (SPEC.md §7, §14, §17). They are listed here alone. */
export const RECEIPT_FIELDS = {
  /** Relative to the folder of the receiver. */
  savedAs: text(4096),
  /** Of the whole content stream. */
  sha256: hex(64),
  bytes: int(),
  resumedAt: int(),
  /** Files of a folder that are not whole, and were not published; undefined for none. */
  missing: optional<number | undefined>(int(1), undefined),
  /** Entries of a folder that have another name there; undefined for none. */
  renamed: optional<number | undefined>(int(1), undefined),
};

/** The proof of a receiver that it has a transfer on disk, checked, under its final name. */
export type Receipt = Readonly<Fields<typeof RECEIPT_FIELDS>>;

const SHAPES = {
  welcome: object({
    name: checkedPeerName,
    time: int(),
    you: optional(nullable(checkedPeerName), null),
    owned: optional(boolean, false),
  }),
  goodbye: object({ code: wordOr(GOODBYE_CODES, "shutdown"), reason }),
  ping: object({}),
  pong: object({}),
  offer: object({ exchange, transfer: hex(32), ...OFFER_FIELDS, ...UNWRITTEN_FIELDS, ahead }),
  accept: object({
    exchange,
    offset: int(),
    digest: nullable(hex(64)),
    credit: int(),
    taken: boolean,
  }),
  already: object({ exchange, savedAs: text(4096), sha256: hex(64), bytes: int() }),
  refuse: object({ exchange, code: wordOr(REFUSE_CODES, "declined"), reason }),
  begin: object({ exchange, offset: int(), salt: base64url(43) }),
  end: object({ exchange }),
  credit: object({ exchange, bytes: int(1), wider: optional(int(), 0) }),
  receipt: object({ exchange, ...RECEIPT_FIELDS }),
  settled: object({ exchange }),
  cancel: object({ exchange, code: wordOr(CANCEL_CODES, "interrupted"), reason }),
  join: object({ exchange, keep: optional(boolean, true) }),
  joined: object({
    exchange,
    people: int(),
    names: optional(list(object({ name: checkedPeerName, waiting: int() }), MAX_OTHER_NAMES), []),
  }),
  presence: object({
    exchange,
    name: checkedPeerName,
    id: keyText,
    state: wordOr(["joined", "left"], "left"),
  }),
  list: object({ exchange }),
  person: object({
    exchange,
    name: checkedPeerName,
    keys: publicKeysText,
    state: wordOr(["joined", "away"], "away"),
    since: int(),
    waiting: int(),
  }),
  relay: object({
    exchange,
    transfer: hex(32),
    size: nullable(int()),
    receivers: int(1, MAX_RECEIVERS),
    ahead,
  }),
  envelope: object({ exchange, to: checkedPeerName, sealed: text(MAX_ENVELOPE_LENGTH) }),
  routed: object({
    exchange,
    to: checkedPeerName,
    state: wordOr(["joined", "away", "refused"], "away"),
    until: nullable(int()),
    reason,
  }),
  stored: object({ exchange, until: int() }),
  outcome: object({ exchange, to: checkedPeerName, code: outcomeCode, sealed }),
  delivery: object({
    exchange,
    transfer: hex(32),
    from: checkedPeerName,
    sealed: text(MAX_ENVELOPE_LENGTH),
    size: nullable(int()),
    ahead,
  }),
  run: object({ exchange, offset: int(), start: int(), salt: base64url(43) }),
  answer: object({ exchange, code: outcomeCode, sealed }),
  status: object({ exchange }),
  withdraw: object({
    exchange,
    transfer: hex(32),
    to: optional(nullable(checkedPeerName), null),
  }),
  entry: object({
    exchange,
    transfer: hex(32),
    to: checkedPeerName,
    size: nullable(int()),
    bytes: int(),
    created: int(),
    until: int(),
    code: wordOr(["waiting", "running", ...OUTCOME_CODES], "declined"),
    sealed,
  }),
  listed: object({ exchange }),
  nameplate: object({ exchange }),
  allocated: object({ exchange, nameplate: int(1, MAX_NAMEPLATE), until: int() }),
  claim: object({ exchange, nameplate: int(0, MAX_NAMEPLATE) }),
  pair: object({ exchange, body: text(MAX_PAIR_LENGTH) }),
} satisfies Record<string, Check<unknown>>;

type Shapes = typeof SHAPES;

/** The name of a message (SPEC.md §7). */
export type MessageType = keyof Shapes;

/** One message of the given type, or of any (SPEC.md §7). */
export type Message<T extends MessageType = MessageType> = {
  [K in T]: { type: K } & Checked<Shapes[K]>;
}[T];

/** The offer of a transfer (SPEC.md §8). */
export type Offer = Message<"offer">;

/** A message that opens an exchange (SPEC.md §7, §15, §16). */
export type Opening = Message<typeof OPENINGS[number]>;

/** The types of {@link Opening}. */
export const OPENINGS = [
  "offer",
  "join",
  "list",
  "relay",
  "delivery",
  "status",
  "withdraw",
  "nameplate",
  "claim",
] as const;

/** The outcome for one recipient. */
export type OutcomeCode = typeof OUTCOME_CODES[number];

/** The kind that a file is taken for. */
export type Kind = typeof KINDS[number];

/** The code of a `refuse`. */
export type RefuseCode = typeof REFUSE_CODES[number];

/** The code of a `cancel`. */
export type CancelCode = typeof CANCEL_CODES[number];

/** The code of a `goodbye`. */
export type GoodbyeCode = typeof GOODBYE_CODES[number];

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The bytes of a message. Throws a `RangeError` where they are over {@link MAX_MESSAGE_BYTES}. */
export function encodeMessage(message: Message): Uint8Array {
  const bytes = encoder.encode(JSON.stringify(message));
  if (bytes.length > MAX_MESSAGE_BYTES) {
    throw new RangeError(
      `cannot encode "${message.type}": ${bytes.length} bytes exceed ${MAX_MESSAGE_BYTES}`,
    );
  }
  return bytes;
}

/** A message of a type that a later version may know (SPEC.md §21). */
export interface UnknownMessage {
  type: "unknown";
  /** The exchange that it belongs to, or opens; undefined where there is none. */
  exchange: number | undefined;
  /** True where the other side has to hear that it is not known here. */
  must: boolean;
}

/**
 * The message that `bytes` hold. Throws `P2pError` "protocol" for anything that SPEC.md §7 does not
 * allow.
 */
export function decodeMessage(bytes: Uint8Array): Message | UnknownMessage {
  const value = decodeJson(bytes, MAX_MESSAGE_BYTES);
  const type = (value as { type?: unknown } | null)?.type;
  if (typeof type !== "string") {
    throw new P2pError(
      "protocol",
      `cannot decode message: type ${JSON.stringify(type)?.slice(0, 40)}`,
    );
  }
  try {
    if (!Object.hasOwn(SHAPES, type)) return unknownMessage(value as object);
    return { type, ...SHAPES[type as MessageType](value, "") } as Message;
  } catch (error) {
    throw new P2pError("protocol", `cannot decode "${type}": ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Nothing in it is wrong, whatever it is: its right form is not known here. */
function unknownMessage(value: { exchange?: unknown; must?: unknown }): UnknownMessage {
  const { exchange, must } = value;
  const isNumber = Number.isInteger(exchange) && exchange as number >= 1 &&
    exchange as number <= MAX_EXCHANGE;
  return {
    type: "unknown",
    exchange: isNumber ? exchange as number : undefined,
    must: must === true,
  };
}

/**
 * JSON of at most `maxBytes` bytes and {@link MAX_MESSAGE_DEPTH} levels, from a peer; "protocol"
 * for anything else.
 */
export function decodeJson(bytes: Uint8Array, maxBytes: number): unknown {
  if (bytes.length > maxBytes) {
    throw new P2pError(
      "protocol",
      `cannot decode message: ${bytes.length} bytes exceed ${maxBytes}`,
    );
  }
  try {
    const json = decoder.decode(bytes);
    if (depth(json) > MAX_MESSAGE_DEPTH) throw new Error(`deeper than ${MAX_MESSAGE_DEPTH} levels`);
    return JSON.parse(json);
  } catch (error) {
    throw new P2pError("protocol", `cannot decode message: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** The depth to which `json` nests, counted on the text so that nothing deep is ever built. */
function depth(json: string): number {
  let deepest = 0, level = 0, inString = false;
  for (let i = 0; i < json.length; i++) {
    const c = json[i];
    if (inString) {
      if (c === "\\") i++;
      else if (c === '"') inString = false;
    } else if (c === '"') inString = true;
    else if (c === "{" || c === "[") deepest = Math.max(deepest, ++level);
    else if (c === "}" || c === "]") level--;
  }
  return deepest;
}
