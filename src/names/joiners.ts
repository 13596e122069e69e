/**
 * A name without the invisible characters that its script or its emoji need, so that what is left
 * of such characters is a trick: a joiner between the letters that it shapes (RFC 5892, A.1 and
 * A.2; UAX #31), in a sequence of emoji, and the tags of a flag (UTS #51).
 */
export function withoutJoiners(name: string): string {
  if (!/[\u200C\u200D\u{E0020}-\u{E007F}]/u.test(name)) return name;
  return name.replace(EMOJI, "").replace(FLAG, "").replace(AFTER_VIRAMA, "$1")
    .replace(BETWEEN_LETTERS, "");
}

/** Emoji that are joined to one: each may have a skin tone or a variation selector. */
const EMOJI =
  /\p{Extended_Pictographic}[\p{Emoji_Modifier}\uFE0F]*(?:\u200D\p{Extended_Pictographic}[\p{Emoji_Modifier}\uFE0F]*)+/gu;

/** A flag of a region: a black flag, tags of letters and digits, and the tag that ends it. */
const FLAG = /\u{1F3F4}[\u{E0030}-\u{E0039}\u{E0061}-\u{E007A}]{3,6}\u{E007F}/gu;

/** A consonant and a virama, whose form with what follows the joiner decides. */
const AFTER_VIRAMA = new RegExp(`(\\p{L}\\p{M}*${virama()})[\\u200C\\u200D](?=\\p{L})`, "gu");

/** The letters of cursive scripts, that a non-joiner keeps apart. */
const CURSIVE = "[\\p{scx=Arab}\\p{scx=Syrc}\\p{scx=Mong}\\p{scx=Nkoo}\\p{scx=Adlm}\\p{scx=Mand}]";

/** A non-joiner between two letters of a cursive script, marks aside. */
const BETWEEN_LETTERS = new RegExp(
  `(?<=(?:(?=\\p{L})${CURSIVE})\\p{M}*)\\u200C(?=\\p{M}*(?:(?=\\p{L})${CURSIVE}))`,
  "gu",
);

/** Characters of canonical combining class 9 that stand in names of living scripts. */
function virama(): string {
  return "[\\u094D\\u09CD\\u0A4D\\u0ACD\\u0B4D\\u0BCD\\u0C4D\\u0CCD\\u0D3B\\u0D3C\\u0D4D\\u0DCA" +
    "\\u0E3A\\u0EBA\\u0F84\\u1039\\u103A\\u1714\\u1734\\u17D2\\u1A60\\u1B44\\u1BAA\\u1BAB\\u1BF2\\u1BF3" +
    "\\uA806\\uA82C\\uA8C4\\uA953\\uA9C0\\uAAF6\\uABED]";
}
