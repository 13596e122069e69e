import type { TokenType } from "./json_tokens.ts";

/** The token that is due next in JSON text (RFC 8259, sections 2 to 5). */
export type JsonState =
  | "value"
  | "value or ]"
  | "key"
  | "key or }"
  | "colon"
  | "comma or }"
  | "comma or ]"
  | "top";

const VALUE: TokenType[] = ["{", "[", "string", "number", "literal"];

/** For each state the tokens that it allows, and what they are called in an error. */
export const JSON_GRAMMAR: Record<JsonState, { tokens: TokenType[]; name: string }> = {
  "value": { tokens: VALUE, name: "a value" },
  "value or ]": { tokens: [...VALUE, "]"], name: 'a value or "]"' },
  "key": { tokens: ["string"], name: "a key in quotes" },
  "key or }": { tokens: ["string", "}"], name: 'a key in quotes or "}"' },
  "colon": { tokens: [":"], name: '":"' },
  "comma or }": { tokens: [",", "}"], name: '"," or "}"' },
  "comma or ]": { tokens: [",", "]"], name: '"," or "]"' },
  "top": { tokens: VALUE, name: "nothing more" },
};
