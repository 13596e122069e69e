import { isMap, isScalar, isSeq, LineCounter, parseDocument, type YAMLMap } from "yaml";
import { P2pError } from "../../errors.ts";
import type { Conditions, Rule } from "./policy.ts";
import { type Kind, KINDS } from "../../protocol/messages.ts";
import { systemWords } from "../../system_error.ts";
import { parseSize } from "../../units.ts";

const MAX_POLICY_BYTES = 1_048_576;

/**
 * The rules of a policy file. "usage" with line and column for what is not a policy, "local" where
 * it cannot be read.
 *
 * rules: - allow: { from: [alice, known], to: hub, kind: [image, csv], max-size: 2GB } - refuse: {
 * to: people } reason: only to the hub itself, please
 */
export async function readPolicy(path: string): Promise<Rule[]> {
  const text = await Deno.readTextFile(path).catch((cause) => {
    const why = systemWords(cause);
    throw new P2pError("local", `cannot read the policy "${path}": ${why}`, { cause });
  });
  return parsePolicy(text, path);
}

/** {@link readPolicy} of a text; `path` is for messages. */
export function parsePolicy(text: string, path: string): Rule[] {
  const lineCounter = new LineCounter();
  const fail: Fail = (at, what) => {
    const { line, col } = lineCounter.linePos(at);
    throw new P2pError(
      "usage",
      `cannot use the policy "${path}": line ${line}, column ${col}: ${what}`,
    );
  };
  if (text.length > MAX_POLICY_BYTES) fail(0, `it has more than ${MAX_POLICY_BYTES} characters`);
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) fail(problem.pos[0], lowered(problem.message));
  return new PolicyReader(fail, lineCounter).read(document.contents);
}

type Fail = (at: number, what: string) => never;

/**
 * Makes rules of a document, strictly: what it does not know is a mistake, and no rule is ever half
 * read.
 */
class PolicyReader {
  readonly #fail: Fail;
  readonly #lines: LineCounter;

  constructor(fail: Fail, lines: LineCounter) {
    this.#fail = fail;
    this.#lines = lines;
  }

  read(root: unknown): Rule[] {
    const fields = this.#fields(root, ["rules"], 'a policy has "rules"');
    const rules = fields.get("rules");
    if (!isSeq(rules)) return this.#fail(startOf(rules ?? root), '"rules" is not a list');
    return rules.items.map((item) => this.#rule(item));
  }

  #rule(node: unknown): Rule {
    const fields = this.#fields(
      node,
      ["allow", "refuse", "reason"],
      'a rule is "allow" or "refuse"',
    );
    const at = startOf(node);
    if (fields.has("allow") === fields.has("refuse")) {
      return this.#fail(at, 'a rule has either "allow" or "refuse"');
    }
    const allow = fields.has("allow");
    const conditions = this.#conditions(fields.get(allow ? "allow" : "refuse"));
    const reason = fields.has("reason") ? this.#text(fields.get("reason"), "reason") : undefined;
    return { allow, ...conditions, ...reason && { reason }, line: this.#lines.linePos(at).line };
  }

  /** A mapping, or nothing for what fits everything. */
  #conditions(node: unknown): Conditions {
    if (isScalar(node) && node.value === null) return {};
    const names = ["from", "to", "kind", "max-size", "min-size", "folder"];
    const fields = this.#fields(node, names, 'conditions are "from", "to", "kind", …');
    const read = <T>(name: string, as: (node: unknown, name: string) => T) =>
      fields.has(name) ? as(fields.get(name), name) : undefined;
    const list = (node: unknown, name: string) => this.#list(node, name);
    const size = (node: unknown, name: string) => this.#size(node, name);
    const all = {
      from: read("from", list),
      to: read("to", list),
      kind: read("kind", (node) => this.#kinds(node)),
      maxSize: read("max-size", size),
      minSize: read("min-size", size),
      folder: read("folder", (node) => this.#flag(node)),
    };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  }

  /** The fields of a mapping, none but `known` ones. */
  #fields(node: unknown, known: string[], what: string): Map<string, unknown> {
    if (!isMap(node)) return this.#fail(startOf(node), what);
    return new Map((node as YAMLMap).items.map(({ key, value }) => {
      const name = isScalar(key) ? String(key.value) : "";
      if (known.includes(name)) return [name, value];
      return this.#fail(startOf(key), `"${name}" is not one of ${known.join(", ")}`);
    }));
  }

  #list(node: unknown, name: string): string[] {
    const items = isSeq(node) ? node.items : [node];
    if (items.length === 0) return this.#fail(startOf(node), `"${name}" is empty`);
    return items.map((item) => this.#text(item, name));
  }

  #kinds(node: unknown): Kind[] {
    const items = isSeq(node) ? node.items : [node];
    return items.map((item) => {
      const word = this.#text(item, "kind");
      const kind = KINDS.find((known) => known === word);
      return kind ??
        this.#fail(startOf(item), `"${word}" is not a kind: kinds are ${KINDS.join(", ")}`);
    });
  }

  #size(node: unknown, name: string): number {
    const text = isScalar(node) ? String(node.value) : "";
    try {
      return parseSize(text);
    } catch {
      return this.#fail(startOf(node), `"${name}" is not a size such as 2GB`);
    }
  }

  #flag(node: unknown): boolean {
    const word = isScalar(node) ? node.value : undefined;
    if (word === true || word === "yes") return true;
    if (word === false || word === "no") return false;
    return this.#fail(startOf(node), '"folder" is not yes or no');
  }

  #text(node: unknown, name: string): string {
    const text = isScalar(node) && node.value !== null ? String(node.value).normalize("NFC") : "";
    return text !== "" ? text : this.#fail(startOf(node), `"${name}" is not text`);
  }
}

/** The offset at which a node begins in the text. */
function startOf(node: unknown): number {
  return (node as { range?: [number, number, number] } | null | undefined)?.range?.[0] ?? 0;
}

function lowered(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1).split("\n")[0];
}
