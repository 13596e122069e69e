import assert from "node:assert/strict";
import { formatCode, looksLikeCode } from "../../src/secure/code.ts";
import { newCode, parseCode, wordsFrom } from "../../src/secure/code_words.ts";
import { randomBytes } from "../../src/secure/random.ts";
import { CodeClaimant, CodeCreator, nobodysOpening } from "../../src/secure/code_exchange.ts";
import { fullOr } from "../helpers/full_or.ts";

const code = { nameplate: 7, words: ["crystal", "clock", "zebra"] };
const [creators, claimants] = ["I made it", "I typed it"].map((text) =>
  new TextEncoder().encode(text)
);

Deno.test("parseCode reads what formatCode writes, in any case, with spaces, and words cut short", () => {
  for (let i = 0; i < 50; i++) {
    const made = newCode(i);
    assert.deepEqual(parseCode(formatCode(made)), made);
    const short = [i, ...made.words.map((word) => word.slice(0, 4).toUpperCase())].join(" ");
    assert.deepEqual(parseCode(` ${short}\n`), made);
  }
  assert.equal(formatCode(code), "7-crystal-clock-zebra");
});

Deno.test("parseCode refuses what is no code, and says which word is none", () => {
  for (const text of ["", "7", "7-crystal-clock", "crystal-clock-zebra", "7-a-b-c-d", "-7-a-b-c"]) {
    assert.throws(() => parseCode(text), { code: "usage", message: /cannot read the code/ }, text);
  }
  assert.throws(() => parseCode("7-crystal-clokc-zebra"), {
    code: "usage",
    message: /"clokc" is not a word/,
    hint: /not used up/,
  });
  assert.throws(() => parseCode("7-cr-clock-zebra"), { code: "usage" });
});

Deno.test("looksLikeCode tells a code from a file and a hub", () => {
  for (const text of ["7-crystal-clock-zebra", "12 a b c", "7-crystal"]) {
    assert.ok(looksLikeCode(text));
  }
  for (const text of ["a.txt", "127.0.0.1:8080", "2024-01-02", "rack", "7"]) {
    assert.ok(!looksLikeCode(text), text);
  }
});

Deno.test("wordsFrom completes words", () => {
  assert.deepEqual(wordsFrom("zeb"), ["zebra"]);
  assert.equal(wordsFrom("").length, 2_048);
});

Deno.test("who shares a code introduces itself to the other", () => {
  const creator = new CodeCreator(code);
  const claimant = new CodeClaimant(code, creator.opening);
  const answer = creator.answer(claimant.proof, creators!);
  const { theirs, last } = claimant.finish(answer, claimants!);
  assert.deepEqual([theirs, creator.finish(last)], [creators, claimants]);
});

Deno.test("another word or nameplate is found out by the creator, who has said nothing by then", () => {
  const others = [{ ...code, nameplate: 8 }, { ...code, words: ["crystal", "clock", "zero"] }];
  for (const other of others) {
    const creator = new CodeCreator(code);
    const claimant = new CodeClaimant(other, creator.opening);
    assert.throws(() => creator.answer(claimant.proof, creators!), { code: "refused" });
    // One guess: the same run takes no second one.
    const right = new CodeClaimant(code, creator.opening);
    assert.throws(() => creator.answer(right.proof, creators!), TypeError);
  }
});

Deno.test("a creator that does not know the words learns nothing, and is found out by the claimant", () => {
  const liar = new CodeCreator({ ...code, words: ["abandon", "abandon", "abandon"] });
  const claimant = new CodeClaimant(code, liar.opening);
  const answer = new Uint8Array(64 + 9 + 16);
  assert.throws(() => claimant.finish(answer, claimants!), { code: "refused" });
});

Deno.test("a man in the middle with the code on one side gets no further than that side", () => {
  // It types the code that it was told, and makes one of its own for the victim, who knows the true
  // words.
  const creator = new CodeCreator(code);
  const middle = new CodeClaimant(code, creator.opening);
  creator.answer(middle.proof, creators!); // That is what knowing the code means.
  const ownCode = { nameplate: 7, words: ["abandon", "ability", "able"] };
  const own = new CodeCreator(ownCode);
  const victim = new CodeClaimant(code, own.opening);
  assert.throws(() => own.answer(victim.proof, claimants!), { code: "refused" });
});

Deno.test("nobody meets with any byte changed that the hub passes on", () => {
  const run = (tamper: (message: number, bytes: Uint8Array) => Uint8Array) => {
    const creator = new CodeCreator(code);
    const claimant = new CodeClaimant(code, tamper(0, creator.opening));
    const answer = tamper(2, creator.answer(tamper(1, claimant.proof), creators!));
    const { theirs, last } = claimant.finish(answer, claimants!);
    return [theirs, creator.finish(tamper(3, last))];
  };
  const lengths: number[] = [];
  run((message, bytes) => (lengths[message] = bytes.length, bytes));
  assert.deepEqual(lengths, [48, 96, 64 + creators!.length + 16, claimants!.length + 16]);
  for (const [message, length] of lengths.entries()) {
    for (let at = 0; at < length; at += fullOr(1, 11)) {
      const flip = (which: number, bytes: Uint8Array) => {
        const copy = Uint8Array.from(bytes);
        if (which === message) copy[at]! ^= 1 << at % 8;
        return copy;
      };
      assert.throws(() => run(flip), { name: "P2pError" }, `message ${message}, byte ${at}`);
    }
  }
});

Deno.test("messages of another length are refused", () => {
  assert.throws(() => new CodeClaimant(code, new Uint8Array(47)), { code: "protocol" });
  for (const length of [0, 95, 97]) {
    const creator = new CodeCreator(code);
    assert.throws(() => creator.answer(new Uint8Array(length), creators!), { code: "protocol" });
  }
  const claimant = new CodeClaimant(code, new CodeCreator(code).opening);
  assert.throws(() => claimant.finish(new Uint8Array(63), claimants!), { code: "protocol" });
});

Deno.test("nobodysOpening looks like an opening, the same for a nameplate and another for others", () => {
  const seed = randomBytes(32);
  const a = nobodysOpening(seed, 7);
  assert.equal(a.length, new CodeCreator(code).opening.length);
  assert.deepEqual(nobodysOpening(seed, 7), a);
  for (const other of [nobodysOpening(seed, 8), nobodysOpening(randomBytes(32), 7)]) {
    assert.notDeepEqual(other.subarray(0, 16), a.subarray(0, 16));
    assert.notDeepEqual(other.subarray(16), a.subarray(16));
  }
  new CodeClaimant(code, a); // It is a point.
});
