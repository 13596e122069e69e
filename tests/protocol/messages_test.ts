import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeKey } from "../../src/secure/static_key.ts";
import { P2pError } from "../../src/errors.ts";
import {
  CANCEL_CODES,
  decodeJson,
  decodeMessage,
  encodeMessage,
  GOODBYE_CODES,
  KINDS,
  MAX_ENVELOPE_LENGTH,
  MAX_EXCHANGE,
  MAX_MESSAGE_BYTES,
  MAX_MESSAGE_DEPTH,
  MAX_NAMEPLATE,
  MAX_OTHER_NAMES,
  MAX_PAIR_LENGTH,
  MAX_RECEIVERS,
  type Message,
  type MessageType,
  OUTCOME_CODES,
  REFUSE_CODES,
} from "../../src/protocol/messages.ts";
import { offerOf } from "../helpers/session_pair.ts";

const MAX = Number.MAX_SAFE_INTEGER;
const HEX64 = "ab".repeat(32);
const BASE64URL43 = "aZ0-_".repeat(9).slice(0, 43);
const KEY = encodeKey(new Uint8Array(32));
const KEYS = "aZ0-_".repeat(325).slice(0, 1622);
const NOT_INTS = ["1", null, undefined, true, 0.5, -1, MAX + 1];
const NOT_HEX64 = [null, undefined, 1, "", HEX64.slice(1), HEX64 + "a", HEX64.toUpperCase()];
const NOT_TEXT = [null, undefined, 1, true, []];
const NOT_BOOLEANS = [null, undefined, 0, "true"];
const EXCHANGE = { good: [1, MAX_EXCHANGE], bad: [...NOT_INTS, 0, MAX_EXCHANGE + 1] };
const INT = { good: [0, 1, MAX], bad: NOT_INTS };
const NULLABLE_INT = { good: [null, 0, MAX], bad: NOT_INTS.filter((value) => value !== null) };
const BOOLEAN = { good: [true, false], bad: NOT_BOOLEANS };
const BASE64URL = {
  good: [BASE64URL43],
  bad: [null, undefined, 1, "", BASE64URL43 + "A", BASE64URL43.slice(1) + "="],
};
const PUBLIC_KEYS = { good: [KEYS], bad: [null, undefined, 1, "", KEY, KEYS + "A", KEYS.slice(1)] };
const SHA256 = { good: [HEX64], bad: NOT_HEX64 };
const REASON = textUpTo(500);
const PEER_NAME = {
  good: ["a", "x".repeat(64), "Zoë 😀"],
  bad: [...NOT_TEXT, "", "x".repeat(65), "a\n", " a"],
};
const OTHER_NAME = {
  good: [null, ...PEER_NAME.good],
  bad: PEER_NAME.bad.filter((value) => value !== null && value !== undefined),
};
const OPTIONAL_INT = { good: INT.good, bad: NOT_INTS.filter((value) => value !== undefined) };
const OPTIONAL_BOOLEAN = { good: [true, false], bad: [null, 0, "true"] };
const NAMES = {
  good: [[], new Array(MAX_OTHER_NAMES).fill({ name: "bo", waiting: 0 })],
  bad: [
    ...[null, {}, [null], [{ name: "bo" }], [{ name: "", waiting: 1 }]],
    new Array(MAX_OTHER_NAMES + 1).fill({ name: "bo", waiting: 0 }),
  ],
};
const SEALED = {
  good: [null, "", "A".repeat(MAX_ENVELOPE_LENGTH)],
  bad: [undefined, 1, "A".repeat(MAX_ENVELOPE_LENGTH + 1)],
};

/** Of each message one that is valid, and of each of its fields what is taken and what is not (SPEC.md §7). */
const TABLE: { [T in MessageType]: { valid: Message<T>; fields: Record<string, Field> } } = {
  welcome: {
    valid: { type: "welcome", name: "the hub", time: 5, you: null, owned: false },
    fields: { name: PEER_NAME, time: INT, you: OTHER_NAME, owned: OPTIONAL_BOOLEAN },
  },
  goodbye: {
    valid: { type: "goodbye", code: "bye", reason: "" },
    fields: { code: wordOf(GOODBYE_CODES), reason: REASON },
  },
  ping: { valid: { type: "ping" }, fields: {} },
  pong: { valid: { type: "pong" }, fields: {} },
  offer: {
    valid: offerOf(1),
    fields: {
      exchange: EXCHANGE,
      transfer: { good: ["0".repeat(32)], bad: [...NOT_HEX64, HEX64, "G".repeat(32)] },
      name: textUpTo(1024),
      kind: wordOf(KINDS),
      size: NULLABLE_INT,
      folder: BOOLEAN,
      files: INT,
      modified: NULLABLE_INT,
      executable: BOOLEAN,
      text: BOOLEAN,
      batch: {
        good: [null, { id: "0".repeat(32), items: 2 }],
        bad: [1, "", [], {}, { id: "0".repeat(32), items: 1 }, { id: "0", items: 2 }],
      },
      key: BASE64URL,
      sha256: { good: [HEX64, null], bad: NOT_HEX64.slice(2) },
      ahead: OPTIONAL_BOOLEAN,
    },
  },
  accept: {
    valid: { type: "accept", exchange: 1, offset: 0, digest: null, credit: 0, taken: false },
    fields: {
      exchange: EXCHANGE,
      offset: INT,
      digest: { good: [null, HEX64], bad: NOT_HEX64.filter((value) => value !== null) },
      credit: INT,
      taken: BOOLEAN,
    },
  },
  already: {
    valid: { type: "already", exchange: 1, savedAs: "a", sha256: HEX64, bytes: 1 },
    fields: { exchange: EXCHANGE, savedAs: textUpTo(4096), sha256: SHA256, bytes: INT },
  },
  refuse: {
    valid: { type: "refuse", exchange: 1, code: "name", reason: "no" },
    fields: { exchange: EXCHANGE, code: wordOf(REFUSE_CODES), reason: REASON },
  },
  begin: {
    valid: { type: "begin", exchange: 1, offset: 0, salt: BASE64URL43 },
    fields: { exchange: EXCHANGE, offset: INT, salt: BASE64URL },
  },
  end: { valid: { type: "end", exchange: 1 }, fields: { exchange: EXCHANGE } },
  credit: {
    valid: { type: "credit", exchange: 1, bytes: 1, wider: 0 },
    fields: {
      exchange: EXCHANGE,
      bytes: { good: [1, MAX], bad: [...NOT_INTS, 0] },
      wider: OPTIONAL_INT,
    },
  },
  receipt: {
    valid: { type: "receipt", exchange: 1, savedAs: "a", sha256: HEX64, bytes: 1, resumedAt: 0 },
    fields: {
      exchange: EXCHANGE,
      savedAs: textUpTo(4096),
      sha256: SHA256,
      bytes: INT,
      resumedAt: INT,
    },
  },
  settled: { valid: { type: "settled", exchange: 1 }, fields: { exchange: EXCHANGE } },
  cancel: {
    valid: { type: "cancel", exchange: 1, code: "interrupted", reason: "" },
    fields: { exchange: EXCHANGE, code: wordOf(CANCEL_CODES), reason: REASON },
  },
  join: {
    valid: { type: "join", exchange: 1, keep: true },
    fields: { exchange: EXCHANGE, keep: OPTIONAL_BOOLEAN },
  },
  joined: {
    valid: { type: "joined", exchange: 1, people: 3, names: [{ name: "bo", waiting: 2 }] },
    fields: { exchange: EXCHANGE, people: INT, names: NAMES },
  },
  presence: {
    valid: { type: "presence", exchange: 1, name: "bo", id: KEY, state: "left" },
    fields: {
      exchange: EXCHANGE,
      name: PEER_NAME,
      id: BASE64URL,
      state: wordOf(["joined", "left"]),
    },
  },
  list: { valid: { type: "list", exchange: 1 }, fields: { exchange: EXCHANGE } },
  person: {
    valid: {
      type: "person",
      exchange: 1,
      name: "bo",
      keys: KEYS,
      state: "away",
      since: 1,
      waiting: 0,
    },
    fields: {
      exchange: EXCHANGE,
      name: PEER_NAME,
      keys: PUBLIC_KEYS,
      state: wordOf(["joined", "away"]),
      since: INT,
      waiting: INT,
    },
  },
  relay: {
    valid: {
      type: "relay",
      exchange: 1,
      transfer: "0".repeat(32),
      size: null,
      receivers: 1,
      ahead: false,
    },
    fields: {
      exchange: EXCHANGE,
      transfer: { good: ["0".repeat(32)], bad: NOT_HEX64 },
      size: NULLABLE_INT,
      receivers: { good: [1, MAX_RECEIVERS], bad: [...NOT_INTS, 0, MAX_RECEIVERS + 1] },
      ahead: OPTIONAL_BOOLEAN,
    },
  },
  envelope: {
    valid: { type: "envelope", exchange: 1, to: "bo", sealed: "AA" },
    fields: { exchange: EXCHANGE, to: PEER_NAME, sealed: textUpTo(MAX_ENVELOPE_LENGTH) },
  },
  routed: {
    valid: { type: "routed", exchange: 1, to: "bo", state: "away", until: 5, reason: "" },
    fields: {
      exchange: EXCHANGE,
      to: PEER_NAME,
      state: wordOf(["joined", "away", "refused"]),
      until: NULLABLE_INT,
      reason: REASON,
    },
  },
  stored: {
    valid: { type: "stored", exchange: 1, until: 5 },
    fields: { exchange: EXCHANGE, until: INT },
  },
  outcome: {
    valid: { type: "outcome", exchange: 1, to: "bo", code: "delivered", sealed: "AA" },
    fields: { exchange: EXCHANGE, to: PEER_NAME, code: wordOf(OUTCOME_CODES), sealed: SEALED },
  },
  delivery: {
    valid: {
      type: "delivery",
      exchange: 2,
      transfer: "0".repeat(32),
      from: "ana",
      sealed: "AA",
      size: 9,
      ahead: true,
    },
    fields: {
      exchange: EXCHANGE,
      transfer: { good: ["0".repeat(32)], bad: NOT_HEX64 },
      from: PEER_NAME,
      sealed: textUpTo(MAX_ENVELOPE_LENGTH),
      size: NULLABLE_INT,
      ahead: OPTIONAL_BOOLEAN,
    },
  },
  run: {
    valid: { type: "run", exchange: 2, offset: 0, start: 0, salt: BASE64URL43 },
    fields: { exchange: EXCHANGE, offset: INT, start: INT, salt: BASE64URL },
  },
  answer: {
    valid: { type: "answer", exchange: 2, code: "name", sealed: null },
    fields: { exchange: EXCHANGE, code: wordOf(OUTCOME_CODES), sealed: SEALED },
  },
  status: { valid: { type: "status", exchange: 1 }, fields: { exchange: EXCHANGE } },
  withdraw: {
    valid: { type: "withdraw", exchange: 1, transfer: "0".repeat(32), to: null },
    fields: {
      exchange: EXCHANGE,
      transfer: { good: ["0".repeat(32)], bad: NOT_HEX64 },
      to: OTHER_NAME,
    },
  },
  entry: {
    valid: {
      type: "entry",
      exchange: 1,
      transfer: "0".repeat(32),
      to: "bo",
      size: 1,
      bytes: 0,
      created: 1,
      until: 2,
      code: "waiting",
      sealed: null,
    },
    fields: {
      exchange: EXCHANGE,
      transfer: { good: ["0".repeat(32)], bad: NOT_HEX64 },
      to: PEER_NAME,
      size: NULLABLE_INT,
      bytes: INT,
      created: INT,
      until: INT,
      code: wordOf(["waiting", "running", ...OUTCOME_CODES]),
      sealed: SEALED,
    },
  },
  nameplate: { valid: { type: "nameplate", exchange: 1 }, fields: { exchange: EXCHANGE } },
  allocated: {
    valid: { type: "allocated", exchange: 1, nameplate: 7, until: 5 },
    fields: {
      exchange: EXCHANGE,
      nameplate: { good: [1, MAX_NAMEPLATE], bad: [...NOT_INTS, 0, MAX_NAMEPLATE + 1] },
      until: INT,
    },
  },
  claim: {
    valid: { type: "claim", exchange: 1, nameplate: 7 },
    fields: {
      exchange: EXCHANGE,
      nameplate: { good: [0, MAX_NAMEPLATE], bad: [...NOT_INTS, MAX_NAMEPLATE + 1] },
    },
  },
  pair: {
    valid: { type: "pair", exchange: 1, body: "AA" },
    fields: { exchange: EXCHANGE, body: textUpTo(MAX_PAIR_LENGTH) },
  },
  listed: { valid: { type: "listed", exchange: 1 }, fields: { exchange: EXCHANGE } },
};

interface Field {
  good: unknown[];
  bad: unknown[];
}

for (const [type, { valid, fields }] of Object.entries(TABLE)) {
  Deno.test(`decodeMessage takes "${type}" as encodeMessage writes it, and within its bounds`, () => {
    assert.deepEqual(decodeMessage(encodeMessage(valid as Message)), valid);
    assert.deepEqual(
      Object.keys(fields).sort(),
      Object.keys(valid).filter((key) => key !== "type").sort(),
    );
    for (const [key, { good }] of Object.entries(fields)) {
      for (const value of good) {
        const message = { ...valid, [key]: value };
        assert.deepEqual(decodeMessage(json(message)), message);
      }
    }
  });

  Deno.test(`decodeMessage refuses "${type}" with a field that is missing, of another type or out of bounds`, () => {
    for (const [key, { bad }] of Object.entries(fields)) {
      for (const value of bad) {
        const why = `${key}: ${JSON.stringify(value)}`;
        assert.throws(
          () => decodeMessage(json({ ...valid, [key]: value })),
          { code: "protocol" },
          why,
        );
      }
    }
  });

  Deno.test(`decodeMessage ignores fields that "${type}" does not have`, () => {
    assert.deepEqual(decodeMessage(json({ ...valid, more: [1], hasOwnProperty: 1 })), valid);
  });
}

Deno.test("decodeMessage takes a type that it does not know for one of a later version", () => {
  const none = { type: "unknown", exchange: undefined, must: false };
  for (const type of ["", "Offer", "offers", "constructor", "__proto__", "toString", "unknown"]) {
    assert.deepEqual(decodeMessage(json({ type })), none);
    const whole = { type, exchange: 7, must: true, more: {} };
    assert.deepEqual(decodeMessage(json(whole)), { type: "unknown", exchange: 7, must: true });
  }
  for (const exchange of [null, "7", 0, -1, 1.5, MAX_EXCHANGE + 1, {}]) {
    assert.deepEqual(decodeMessage(json({ type: "new", exchange, must: 1 })), none);
  }
});

Deno.test("decodeMessage takes a word that it does not know for the one that stands for others", () => {
  const words: [MessageType, string, string][] = [
    ...[["goodbye", "code", "shutdown"], ["offer", "kind", "file"], ["refuse", "code", "declined"]],
    ...[["cancel", "code", "interrupted"], ["presence", "state", "left"]],
    ...[["person", "state", "away"], ["routed", "state", "away"], ["outcome", "code", "declined"]],
    ...[["answer", "code", "declined"], ["entry", "code", "declined"]],
  ] as [MessageType, string, string][];
  for (const [type, field, otherwise] of words) {
    const { valid } = TABLE[type];
    for (const word of ["", "brandnew", "Joined"]) {
      const decoded = decodeMessage(json({ ...valid, [field]: word }));
      assert.deepEqual(decoded, { ...valid, [field]: otherwise }, `${type}: ${word}`);
    }
  }
});

Deno.test("decodeMessage refuses a type that is no text, and what is no object", () => {
  for (const type of [undefined, null, 1, ["ping"], {}]) {
    assert.throws(() => decodeMessage(json({ type })), { code: "protocol" });
  }
  for (const value of [null, 1, "ping", true, [], [{ type: "ping" }]]) {
    assert.throws(() => decodeMessage(json(value)), { code: "protocol" }, JSON.stringify(value));
  }
});

Deno.test("decodeMessage refuses what is no JSON in UTF-8", () => {
  const texts = [
    "",
    "{",
    "{}{}",
    '{"type":"ping"',
    "{'type':'ping'}",
    '\ufeff{"type":"ping"}',
    '{"type":"ping",}',
    "NaN",
  ];
  for (const text of texts) {
    assert.throws(() => decodeMessage(utf8(text)), { code: "protocol" }, text);
  }
  const broken = utf8('{"type":"ping","a":"_"}').map((byte) => byte === 0x5f ? 0xff : byte);
  assert.throws(() => decodeMessage(broken), { code: "protocol" });
});

Deno.test("decodeMessage takes numbers that JSON writes out of range for what they are", () => {
  for (const bytes of ["1e400", "-1e400", "9007199254740993", "1e-400"]) {
    assert.throws(() => decodeMessage(utf8(`{"type":"credit","exchange":1,"bytes":${bytes}}`)), {
      code: "protocol",
    });
  }
});

Deno.test("decodeMessage takes 6 levels and no more", () => {
  const nested = (levels: number) =>
    `{"type":"ping","more":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;
  assert.equal(MAX_MESSAGE_DEPTH, 6);
  decodeMessage(utf8(nested(6)));
  assert.throws(() => decodeMessage(utf8(nested(7))), {
    code: "protocol",
    message: /deeper than 6/,
  });
  assert.throws(() => decodeMessage(utf8("[".repeat(32_000))), {
    code: "protocol",
    message: /deeper than 6/,
  });
});

Deno.test("decodeMessage counts no levels inside of strings", () => {
  const more = ['[[[[[[[[["', "[".repeat(20), '\\"[[[[[[[[', "\\\\"];
  assert.deepEqual(decodeMessage(json({ type: "ping", more })), { type: "ping" });
  const hidden = '{"type":"ping","a":"\\\\","b":[[[[[[1]]]]]]}';
  assert.throws(() => decodeMessage(utf8(hidden)), { code: "protocol", message: /deeper than 6/ });
});

Deno.test("decodeMessage takes 32,768 bytes and no more", () => {
  assert.equal(MAX_MESSAGE_BYTES, 32_768);
  const padded = (bytes: number) => utf8('{"type":"ping"}'.padEnd(bytes));
  for (const bytes of [MAX_MESSAGE_BYTES - 1, MAX_MESSAGE_BYTES]) decodeMessage(padded(bytes));
  assert.throws(() => decodeMessage(padded(MAX_MESSAGE_BYTES + 1)), {
    code: "protocol",
    message: /32769/,
  });
});

Deno.test("encodeMessage refuses to write more than a peer would take", () => {
  const message = (name: string) => ({ ...offerOf(1), name });
  const room = MAX_MESSAGE_BYTES - encodeMessage(message("")).length;
  assert.equal(encodeMessage(message("x".repeat(room))).length, MAX_MESSAGE_BYTES);
  assert.throws(() => encodeMessage(message("x".repeat(room + 1))), RangeError);
});

Deno.test("decodeMessage gives a message or a protocol error for any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => messageOrRefusal(bytes)));
});

Deno.test("decodeMessage gives a message or a protocol error for any JSON", () => {
  const type = fc.oneof(fc.constantFrom(...Object.keys(TABLE)), fc.jsonValue());
  fc.assert(fc.property(fc.jsonValue(), (value) => messageOrRefusal(json(value))));
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), type, (value, type) => {
    messageOrRefusal(json({ ...value, type }));
  }));
});

Deno.test("decodeMessage gives a message or a protocol error for a valid one with any field changed", () => {
  const cases = Object.values(TABLE).flatMap(({ valid, fields }) =>
    Object.keys(fields).map((key) => ({ valid, key }))
  );
  fc.assert(
    fc.property(fc.constantFrom(...cases), fc.jsonValue(), ({ valid, key }, value) => {
      messageOrRefusal(json({ ...valid, [key]: value }));
    }),
    { numRuns: 500 },
  );
});

Deno.test("decodeJson holds to the bound that it is given", () => {
  assert.deepEqual(decodeJson(utf8("[1]"), 3), [1]);
  assert.throws(() => decodeJson(utf8("[1]"), 2), { code: "protocol" });
});

function messageOrRefusal(bytes: Uint8Array) {
  try {
    const { type } = decodeMessage(bytes);
    assert.ok(type === "unknown" || type in TABLE);
  } catch (error) {
    assert.ok(error instanceof P2pError && error.code === "protocol", String(error));
  }
}

function textUpTo(max: number): Field {
  return { good: ["", "x".repeat(max), "ü\u0000\ud800"], bad: [...NOT_TEXT, "x".repeat(max + 1)] };
}

function wordOf(words: readonly string[]): Field {
  return { good: [...words], bad: [...NOT_TEXT, [words[0]]] };
}

function json(value: unknown): Uint8Array {
  return utf8(JSON.stringify(value));
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
