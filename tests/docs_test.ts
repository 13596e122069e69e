import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { explainCommand } from "../src/cli/commands/explain.ts";
import { hubCommand } from "../src/cli/commands/hub.ts";
import { idCommand } from "../src/cli/commands/id.ts";
import { joinCommand } from "../src/cli/commands/join.ts";
import { menuCommand } from "../src/cli/commands/menu.ts";
import { peersCommand } from "../src/cli/commands/peers.ts";
import { receiveCommand } from "../src/cli/commands/receive.ts";
import { sendCommand } from "../src/cli/commands/send.ts";
import { serveCommand } from "../src/cli/commands/serve.ts";
import { showCommand } from "../src/cli/commands/show.ts";
import { statusCommand } from "../src/cli/commands/status.ts";
import { trustCommand } from "../src/cli/commands/trust.ts";
import project from "../deno.json" with { type: "json" };

const root = fileURLToPath(new URL("../", import.meta.url));

const PAGES = [
  ...["README.md", "CHANGELOG.md", ".github/CONTRIBUTING.md", ".github/SECURITY.md"],
  ...["docs/architecture.md", "docs/reference.md", "docs/security.md"],
  ...["src/protocol/SPEC.md", "tests/bench/README.md"],
];
const texts = new Map(PAGES.map((page) => [page, read(page)]));
const architecture = texts.get("docs/architecture.md")!;

Deno.test("every link of a page leads somewhere, to its heading too", () => {
  const broken = [...texts].flatMap(([page, text]) =>
    linksIn(text).filter((link) => !leads(page, link)).map((link) => `${page}: ${link}`)
  );
  assert.deepEqual(broken, []);
});

Deno.test("every file and folder that a page names is there", () => {
  // SPEC.md names what is still to come, and says so.
  const pages = [...texts].filter(([page]) => page !== "src/protocol/SPEC.md");
  const gone = pages.flatMap(([page, text]) =>
    pathsIn(text).filter((path) => !exists(path)).map((path) => `${page}: ${path}`)
  );
  assert.deepEqual(gone, []);
});

Deno.test("every task that a page names is there", () => {
  const gone = [...texts].flatMap(([page, text]) =>
    [...text.matchAll(/deno(?:@[\d.]+)? task ([\w:]+)/g)].map(([, task]) => task!)
      .filter((task) => !(task in project.tasks)).map((task) => `${page}: ${task}`)
  );
  assert.deepEqual(gone, []);
});

Deno.test("the tree of docs/architecture.md has every folder of src/, and no other", () => {
  assert.deepEqual(foldersOfTree(architecture).sort(), foldersIn("src").sort());
});

Deno.test("a file on its way is twelve steps, each one file and at most one beside it", () => {
  const steps = sectionOf(architecture, "A direct file on its way").match(/^\d+\. .*/gm)!;
  assert.equal(steps.length, 12);
  for (const step of steps) {
    const files = pathsIn(step);
    assert.ok(files.length >= 1 && files.length <= 2, step);
  }
});

Deno.test("the home folder is described whole", () => {
  const section = sectionOf(architecture, "What lies in the home folder");
  const written = ["src/home", "src/hub"].flatMap(filesIn).filter((path) =>
    /join\((this\.#)?home, /.test(read(path))
  );
  assert.ok(written.length > 5, "nothing is looked at");
  assert.deepEqual(written.filter((path) => !section.includes(path)), []);
});

Deno.test("every package is accounted for", () => {
  const section = sectionOf(architecture, "What it is built on");
  const packages = Object.values(project.imports).map((to) =>
    /^npm:\/?((?:@[^/]+\/)?[^@/]+)/.exec(to)![1]!
  );
  assert.deepEqual(packages.filter((name) => !section.includes(`\`${name}\``)), []);
});

Deno.test("docs/reference.md has every option of every command, and no other", () => {
  const reference = texts.get("docs/reference.md")!;
  const commands = [
    ...[serveCommand(), sendCommand(), joinCommand(), receiveCommand(), peersCommand()],
    ...[statusCommand(), showCommand(), menuCommand(), idCommand(), trustCommand()],
    explainCommand(),
    hubCommand(),
  ];
  const options = commands.flatMap(({ options }) => options.map(({ long }) => long!));
  const documented = [...reference.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([option]) => option);
  const ours = new Set([...options, "--help", "--version"]);
  assert.deepEqual([...new Set(options)].filter((option) => !documented.includes(option)), []);
  assert.deepEqual([...new Set(documented)].filter((option) => !ours.has(option)), []);
});

Deno.test("docs/reference.md has every variable of ours", () => {
  const reference = texts.get("docs/reference.md")!;
  const sources = filesIn("src").filter((path) => path.endsWith(".ts")).map(read);
  const names = new Set(sources.flatMap((text) => text.match(/"P2P_[A-Z_]+"/g) ?? []));
  assert.ok(names.size > 2, "nothing is looked at");
  assert.deepEqual([...names].filter((name) => !reference.includes(name.slice(1, -1))), []);
});

/** Targets of links, those to other sites aside. */
function linksIn(text: string): string[] {
  return [...withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!)
    .filter((link) => !/^https?:/.test(link));
}

function leads(page: string, link: string): boolean {
  const [path = "", heading] = link.split("#");
  const target = path === "" ? page : normalize(join(dirname(page), path));
  if (!exists(target)) return false;
  return heading === undefined || headingsOf(read(target)).includes(heading);
}

/** Headings as GitHub makes anchors of them. */
function headingsOf(text: string): string[] {
  return [...withoutBlocks(text).matchAll(/^#+ (.*)$/gm)]
    .map(([, heading]) => heading!.toLowerCase().replaceAll(/[^\w -]/g, "").replaceAll(" ", "-"));
}

/** What stands in backticks and looks like a path from the root. */
function pathsIn(text: string): string[] {
  return [...text.matchAll(/`((?:src|tests|docs|\.github|\.ci)\/[^`\s*…]*)`/g)]
    .map(([, path]) => path!);
}

/** Folders of the first block of a page, by their indentation: `src/cli`. */
function foldersOfTree(text: string): string[] {
  const [, block = ""] = text.split("```");
  const above: string[] = [];
  return block.split("\n").filter((line) => /^ +[\w/]/.test(line)).flatMap((line) => {
    const depth = line.search(/\w/) / 2;
    const names = line.trim().split(/ {2,}/)[0]!.split(" ").map((name) => name.replace(/\/$/, ""));
    above.splice(depth - 1, Infinity, names[0]!);
    return names.map((name) => ["src", ...above.slice(0, depth - 1), name].join("/"));
  });
}

function sectionOf(text: string, heading: string): string {
  const [, section] = text.split(`## ${heading}\n`);
  assert.ok(section !== undefined, `there is a section "${heading}"`);
  return section.split("\n## ")[0]!;
}

function foldersIn(folder: string): string[] {
  return entriesOf(folder).filter(({ isDirectory }) => isDirectory).flatMap(({ path }) => [
    path,
    ...foldersIn(path),
  ]);
}

function filesIn(folder: string): string[] {
  return entriesOf(folder).flatMap(({ path, isDirectory }) => isDirectory ? filesIn(path) : [path]);
}

function entriesOf(folder: string): { path: string; isDirectory: boolean }[] {
  return [...Deno.readDirSync(join(root, folder))]
    .map(({ name, isDirectory }) => ({ path: `${folder}/${name}`, isDirectory }));
}

function withoutBlocks(text: string): string {
  return text.replaceAll(/^```[^]*?^```/gm, "");
}

function exists(path: string): boolean {
  try {
    Deno.statSync(join(root, path));
    return true;
  } catch {
    return false;
  }
}

function read(path: string): string {
  return Deno.readTextFileSync(join(root, path));
}
