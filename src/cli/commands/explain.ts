import { Option } from "@commander-js/extra-typings";
import { P2pError } from "../../errors.ts";
import {
  firstRule,
  HUB,
  reasonOf,
  type Rule,
  rulesBySize,
  type SizeStep,
} from "../../hub/policy/policy.ts";
import { looksLikeFingerprint } from "../../names/reserved_name.ts";
import { KINDS } from "../../protocol/messages.ts";
import { formatBytes, parseSize } from "../../units.ts";
import { printable } from "../../ui/printable.ts";
import { command } from "../options/command.ts";
import type { Decision } from "../display/json_event.ts";
import { Output } from "../display/output.ts";
import { exitCode } from "../exit_code.ts";
import { readPolicy } from "../../hub/policy/read_policy.ts";

/** `p2p explain`: which rule of a policy file decides. */
export function explainCommand() {
  return explainOptions().action((options) => explain(options));
}

type ExplainOptions = ReturnType<ReturnType<typeof explainOptions>["opts"]>;

function explainOptions() {
  return command("explain")
    .addOption(new Option("--policy <file>", "the policy file"))
    .addOption(new Option("--from <name>", "the sender: a name, or a fingerprint"))
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
  const name = looksLikeFingerprint(from)
    ? { fingerprint: from.toLowerCase(), names: [] }
    : { names: [from] };
  const question = { from: { ...name, known }, to, ...seen };
  const steps = size === undefined
    ? rulesBySize(rules, question)
    : [{ from: size, rule: firstRule(rules, { ...question, size }) }];
  showDecision(steps, { policy, output });
  if (to !== HUB && (kind !== undefined || folder)) {
    output.note("what is relayed is sealed: the hub sees no kind, the receiver judges by it");
  }
  if (steps.every(({ rule }) => !rule?.allow)) Deno.exitCode = exitCode("refused");
}

/** Shows the rule that decides, or each of them where that depends on the size. */
function showDecision(
  steps: SizeStep[],
  { policy, output }: { policy: string; output: Output },
): void {
  const [first, ...more] = steps.map(({ from, rule }) => ({ from, ...decisionOf(rule) }));
  if (more.length === 0) {
    const { from: _, ...decision } = first!;
    output.event({ event: "explained", ...decision });
    return output.result(inWords(steps[0]!.rule, { policy, output }));
  }
  const bySize = [first!, ...more];
  const allowed = more.every(({ allowed }) => allowed === first!.allowed) ? first!.allowed : null;
  output.event({ event: "explained", allowed, line: null, bySize });
  output.result("depends on the size (one that is not known is above all):");
  for (const { from, rule } of steps) {
    output.result(`  from ${formatBytes(from)}  ${inWords(rule, { policy, output })}`);
  }
}

function decisionOf(rule: Rule | undefined): Decision {
  const reason = reasonOf(rule);
  return {
    allowed: reason === undefined,
    line: rule?.line ?? null,
    ...reason !== undefined && { reason },
  };
}

function inWords(
  rule: Rule | undefined,
  { policy, output: { style } }: { policy: string; output: Output },
): string {
  const verdict = rule?.allow ? style.green("allowed") : style.yellow("refused");
  const by = rule === undefined ? "no rule fits" : `the rule in line ${rule.line} of "${policy}"`;
  return `${verdict}: ${printable(by)}${rule?.reason ? ` (${printable(rule.reason)})` : ""}`;
}
