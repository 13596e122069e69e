import { type Attack, type Expected, testAttacks } from "./withstand.ts";

const offerText = (changes: Record<string, unknown>): Attack => (peer) =>
  peer.ask(JSON.stringify(peer.offerOf(10, changes)));

const MESSAGES: Record<string, [Attack, Expected]> = {
  "a message over 32 KiB": [offerText({ more: "x".repeat(33_000) }), [
    "goodbye",
    "protocol",
    /exceed 32768/,
  ]],
  "a message of many levels": [
    (peer) => peer.ask(`{"type":"ping","x":${"[".repeat(10_000)}${"]".repeat(10_000)}}`),
    ["goodbye", "protocol", /deeper than 6 levels/],
  ],
  "what is no JSON": [(peer) => peer.ask('{"type":'), [
    "goodbye",
    "protocol",
    /cannot decode message/,
  ]],
  "what is no object": [(peer) => peer.ask("[1]"), ["goodbye", "protocol", /type undefined/]],
  "null": [(peer) => peer.ask("null"), ["goodbye", "protocol", /type undefined/]],
  "an unknown type": [(peer) => peer.ask('{"type":"shell","exchange":1,"must":true}'), [
    "refuse",
    "unknown",
    /does not know/,
  ]],
  "a type that objects have": [
    (peer) => peer.ask('{"type":"__proto__","exchange":1,"must":true}'),
    ["refuse", "unknown", /does not know/],
  ],
  "a field that is missing": [offerText({ files: undefined }), [
    "goodbye",
    "protocol",
    /"files" is not/,
  ]],
  "a field of another type": [offerText({ folder: 1 }), [
    "goodbye",
    "protocol",
    /"folder" is not true or false/,
  ]],
  "a name that is no text": [offerText({ name: ["a"] }), [
    "goodbye",
    "protocol",
    /"name" is not text/,
  ]],
  "an id that is a path": [offerText({ transfer: "../".repeat(10) + "aa" }), [
    "goodbye",
    "protocol",
    /"transfer" is not/,
  ]],
  "a key that is too short": [offerText({ key: "AAAA" }), ["goodbye", "protocol", /"key" is not/]],
  "a name that is there twice": [
    (peer) =>
      peer.ask(
        JSON.stringify(peer.offerOf(1)).replace("{", '{"name":"good",').replace(
          "from mallory",
          "../up",
        ),
      ),
    ["refuse", "name", /a name cannot contain/],
  ],
  "a welcome from the one who came": [
    (peer) => peer.ask('{"type":"welcome","name":"me","time":5}'),
    ["goodbye", "protocol", /"welcome" at the wrong time/],
  ],
  "an exchange of the other side": [offerText({ exchange: 2 }), [
    "goodbye",
    "protocol",
    /exchange 2 cannot be opened/,
  ]],
  "exchange 0": [offerText({ exchange: 0 }), ["goodbye", "protocol", /"exchange" is not/]],
  "an exchange that was open before": [
    async (peer) => {
      await peer.ask(JSON.stringify(peer.offerOf(1, { name: ".." })));
      return await offerText({ exchange: 1 })(peer);
    },
    ["goodbye", "protocol", /exchange 1 cannot be opened/],
  ],
  "an answer to an offer that nobody made": [
    (peer) =>
      peer.ask('{"type":"accept","exchange":2,"offset":0,"digest":null,"credit":1,"taken":false}'),
    ["goodbye", "protocol", /exchange 2 was never opened/],
  ],
  "a message for an exchange to come": [
    (peer) => peer.ask('{"type":"settled","exchange":9}'),
    ["goodbye", "protocol", /exchange 9 was never opened/],
  ],
};

for (
  const [size, text] of Object.entries({
    negative: "-1",
    "no number": "NaN",
    infinite: "1e400",
    half: "0.5",
    text: '"7"',
    huge: "9007199254740992",
  })
) {
  MESSAGES[`a ${size} size`] = [
    (peer) => peer.ask(JSON.stringify(peer.offerOf(77)).replace('"size":77', `"size":${text}`)),
    ["goodbye", "protocol", text === "NaN" ? /cannot decode message/ : /"size" is not an integer/],
  ];
}

const FRAMES: Record<string, [Attack, Expected]> = {
  "a record that is not ours": [frame(0, 100), ["goodbye", "protocol", /./]],
  "a record without content": [frame(0, 16), [
    "goodbye",
    "protocol",
    /length 16 is not within 17 to 65535/,
  ]],
  "a record that is too long": [frame(0, 10, 65_536), [
    "goodbye",
    "protocol",
    /length 65536 is not within/,
  ]],
  "a data frame that is too short": [frame(1, 20), [
    "goodbye",
    "protocol",
    /length 20 is not within/,
  ]],
  "a data frame that is too long": [frame(1, 10, 262_166), [
    "goodbye",
    "protocol",
    /length 262166 is not/,
  ]],
  "a data frame of an unknown flag": [frame(1, 21), ["goodbye", "protocol", /flags/]],
  "a frame as long as can be said": [frame(0, 10, 2 ** 24 - 1), [
    "goodbye",
    "protocol",
    /length 16777215/,
  ]],
  "a frame of an unknown type": [frame(7, 100), ["goodbye", "protocol", /unknown type 7/]],
};

testAttacks({ ...MESSAGES, ...FRAMES });

function frame(type: number, bytes: number, length = bytes): Attack {
  return async (peer) => {
    await peer.sendFrame(type, new Uint8Array(bytes), length);
    return await peer.answer();
  };
}
