// deno-lint-ignore-file no-console -- what it prints is what it is for
/**
 * `deno task bench [--json] [--case NAME] [--pairs N] [--full] [--scale X]`: p2p against what people use today, its hub,
 * and how it grows, on this machine alone. README.md beside this file says how it is measured and how to read it.
 */
import { parseArgs } from "node:util";
import type { Settings } from "./case.ts";
import { cases } from "./cases.ts";
import { asJson, asText } from "./result.ts";
import { Workplace } from "./workplace.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    json: { type: "boolean" },
    case: { type: "string", multiple: true },
    pairs: { type: "string" },
    full: { type: "boolean", default: false },
    scale: { type: "string", default: "1" },
  },
});
const settings: Settings = {
  runs: values.pairs === undefined ? undefined : Number(values.pairs),
  scale: (amount) => Math.ceil(amount * Number(values.scale)),
  full: values.full,
};
const chosen = values.case ?? cases.map(({ name }) => name);
const unknown = chosen.filter((name) => !cases.some((one) => one.name === name));
if (unknown.length > 0) {
  const names = cases.map(({ name }) => name).join(", ");
  throw new Error(`no case ${unknown.join(", ")}; there are ${names}`);
}

using _workplace = new Workplace();
for (const { name, shows, run } of cases.filter(({ name }) => chosen.includes(name))) {
  const result = { name, shows, rows: await run(settings) };
  console.log(values.json ? asJson(result) : asText(result));
}
