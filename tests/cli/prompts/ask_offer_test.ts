import assert from "node:assert/strict";
import { onceABatch, questionFor } from "../../../src/cli/prompts/ask_offer.ts";
import type { Offer } from "../../../src/protocol/messages.ts";
import { offerOf } from "../../helpers/session_pair.ts";

const ANA = { key: new Uint8Array([1]), name: "ana" };
const EVE = { key: new Uint8Array([2]), name: "eve" };

Deno.test("questionFor says what, how much and from whom, by the sender's name for it", () => {
  const cases: [changes: Partial<Offer>, question: string][] = [
    [{ name: "note.txt", size: 283 }, "Accept note.txt (283 B) from ana?"],
    [{ name: "log", size: null }, "Accept log (unknown size) from ana?"],
    [
      { name: "photos", size: 2_000_000, folder: true, files: 12 },
      "Accept photos (12 files, 2.0 MB) from ana?",
    ],
    [
      { name: "a.png", size: 1, batch: { id: "0", items: 20 } },
      "Accept a.png (1 B) and 19 more from ana?",
    ],
    [{ name: "a\x1b[2J", size: 1 }, "Accept a\\u{1b}[2J (1 B) from ana?"],
  ];
  for (const [changes, question] of cases) {
    assert.equal(questionFor({ ...offerOf(1), ...changes }, ANA), question);
  }
});

Deno.test("an answer holds for as many offers as its batch was said to have, of that sender alone", async () => {
  const asked: string[] = [];
  const ask = onceABatch((offer, { name }) => {
    asked.push(`${offer.name} of ${name}`);
    return Promise.resolve(name === "ana");
  });
  const batch = { id: "b", items: 3 };
  const of = (name: string): Offer => ({ ...offerOf(1), name, batch });
  assert.deepEqual(
    await Promise.all([ask(of("1"), ANA), ask(of("2"), ANA), ask(of("3"), ANA)]),
    [true, true, true],
  );
  assert.deepEqual(asked, ["1 of ana"]);
  assert.equal(await ask(of("1"), EVE), false);
  await ask(of("4"), ANA);
  await ask({ ...of("5"), batch: null }, ANA);
  assert.deepEqual(asked, ["1 of ana", "1 of eve", "4 of ana", "5 of ana"]);
});
