import { Option } from "@commander-js/extra-typings";
import { P2pError } from "../../errors.ts";
import { firstRule, HUB, type Question, refusedBy } from "../../hub/policy/policy.ts";
import { KINDS } from "../../protocol/messages.ts";
import { parseSize } from "../../units.ts";
import { printable } from "../../ui/printable.ts";
import { command } from "../options/command.ts";
import { Output } from "../display/output.ts";
import { readPolicy } from "../../hub/policy/read_policy.ts";

/** `p2p explain`: which rule of a policy file decides. */
export function explainCommand() {
  return explainOptions().action((options) => explain(options));
}

type ExplainOptions = ReturnType<ReturnType<typeof explainOptions>["opts"]>;

function explainOptions() {
  return command("explain")
    .addOption(new Option("--policy <file>", "the policy file"))
    .addOption(new Option("--from <name>", "the sender"))
    .addOption(
      new Option("--known", "this hub's `p2p trust` vouches for the sender").default(false),
    )
    .addOption(new Option("--to <name>", "a person, or hub for the hub itself").default(HUB))
    .addOption(new Option("--kind <kind>", "what it is").choices(KINDS))
    .addOption(new Option("--size <size>", "how much it is, e.g. 3GB").argParser(parseSize))
    .addOption(new Option("--folder", "it is a folder").default(false));
}

async function explain(options: ExplainOptions): Promise<void> {
  const { policy, from, known, to, kind, size, folder } = options;
  if (policy === undefined || from === undefined) {
    throw new P2pError("usage", `--${policy === undefined ? "policy" : "from"} is missing`, {
      hint: "p2p explain --from alice --to bob --kind image --size 3GB --policy FILE",
    });
  }
  const output = new Output(options);
  const rules = await readPolicy(policy);
  const seen = to === HUB ? { kind, folder } : {};
  const question: Question = { from: [from], known, to, size: size ?? null, ...seen };
  const rule = firstRule(rules, question);
  const reason = refusedBy(rules, question);
  const allowed = reason === undefined;
  output.event({
    event: "explained",
    allowed,
    line: rule?.line ?? null,
    ...!allowed && { reason },
  });
  const verdict = allowed ? output.style.green("allowed") : output.style.yellow("refused");
  const by = rule === undefined ? "no rule fits" : `the rule in line ${rule.line} of "${policy}"`;
  output.result(
    `${verdict}: ${printable(by)}${rule?.reason ? ` (${printable(rule.reason)})` : ""}`,
  );
  if (to !== HUB && (kind !== undefined || folder)) {
    output.note("what is relayed is sealed: the hub sees no kind, the receiver judges by it");
  }
  if (size === undefined) output.note("without --size it counts as larger than anything");
}
