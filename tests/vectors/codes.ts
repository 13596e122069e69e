import { utf8 } from "../../src/bytes.ts";
import { CodeClaimant, CodeCreator } from "../../src/secure/code_exchange.ts";
import { parseCode } from "../../src/secure/code_words.ts";
import { reducedScalar } from "../../src/secure/cpace/cpace.ts";
import { countingKeys, fromHex, type Vector } from "./vector.ts";

/** The vectors of SPEC.md §19: what both write in `pair`. */
export function codes(): Promise<Vector[]> {
  const keys = countingKeys(0, { sid: 16, creatorScalar: 64, claimantScalar: 64 });
  const [code, ours, theirs] = ["417-cross-clock-zebra", "the creator's", "the claimant's"];
  const creator = new CodeCreator(parseCode(code), {
    sid: fromHex(keys.sid),
    scalar: reducedScalar(fromHex(keys.creatorScalar)),
  });
  const scalar = reducedScalar(fromHex(keys.claimantScalar));
  const claimant = new CodeClaimant(parseCode(code), creator.opening, scalar);
  const answer = creator.answer(claimant.proof, utf8(ours));
  const { last } = claimant.finish(answer, utf8(theirs));
  const said = { opening: creator.opening, proof: claimant.proof, answer, last };
  const out = Object.fromEntries(Object.entries(said).map(([name, body]) => [name, body.toHex()]));
  const given = { code, creatorIntroduction: ours, claimantIntroduction: theirs };
  return Promise.resolve([{ name: "two who share a code", keys, in: given, out }]);
}
