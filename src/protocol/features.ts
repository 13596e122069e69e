import { type Check, list } from "./schema.ts";
import { P2pError } from "../errors.ts";

/** Most words that one side says, and the longest of them (SPEC.md §7). */
const MAX_FEATURES = 16;
const WORD = /^[a-z0-9-]{1,16}$/;

/** The features that this version has beyond those of every one (SPEC.md §21). */
export const FEATURES: readonly string[] = ["anonymous", "withdraw", "zstd"];

const feature: Check<string> = (value, path) => {
  if (typeof value === "string" && WORD.test(value)) return value;
  throw new P2pError("protocol", `"${path}" is not a feature`);
};

/** The features that one side says, those included that are not known here. */
export const featureList: Check<string[]> = list(feature, MAX_FEATURES);
