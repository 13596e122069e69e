// deno-lint-ignore-file no-control-regex -- escapes are what is looked for
import assert from "node:assert/strict";
import { join } from "node:path";
import { runShow } from "../../../src/cli/commands/show.ts";
import { encodePng } from "../../../src/preview/image/encode_png.ts";
import { quarters } from "../../preview/image/test_images.ts";
import { runtimeEnv } from "../../helpers/runtime_env.ts";
import { fullOr } from "../../helpers/full_or.ts";

const ROOT = new URL("../../../", import.meta.url);
const SHOW = `import { showCommand } from ${
  JSON.stringify(new URL("src/cli/commands/show.ts", ROOT).href)
};
await showCommand().parseAsync(Deno.args, { from: "user" });`;

Deno.test("show prints plain text where there is no terminal, also of a picture", async () => {
  await withFiles(async (folder) => {
    const files = ["picture.png", "table.csv", "data.json"].map((name) => join(folder, name));
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", SHOW, "--", ...files],
      cwd: ROOT,
      env: { TERM: "xterm-kitty", COLORTERM: "truecolor", NO_COLOR: "" },
    }).output();
    const text = new TextDecoder().decode(stdout);
    assert.doesNotMatch(text, /[^\P{Cc}\n]/u);
    const shown = text.split(/^\/.*:$/m).slice(1);
    assert.deepEqual(shown.map((lines) => lines.split("\n").length > 4), [true, true, true], text);
  });
});

Deno.test({
  name: "show draws on a terminal by the protocol that the terminal knows",
  ignore: Deno.build.os !== "linux" || !await hasScript(),
  async fn() {
    const cases: [env: Record<string, string>, seen: RegExp][] = [
      [
        { TERM: "xterm-kitty" },
        /^\x1b_Ga=T,f=100,q=2,c=\d+,m=0;[A-Za-z0-9+/=]+\x1b\\\r\n\x1b\[2mPNG/,
      ],
      [{ TERM: "xterm", TERM_PROGRAM: "iTerm.app" }, /^\x1b\]1337;File=inline=1;[^\x07]+\x07\r\n/],
      [{ TERM: "foot" }, /^\x1bP0;1;q"1;1;24;16#[^\x1b]+\x1b\\\r\n\x1b\[2mPNG/],
      [{ TERM: "xterm", COLORTERM: "truecolor" }, /^\x1b\[38;2;255;0;0;48;2;255;0;0m▀{12}\x1b/],
      [{ TERM: "xterm-256color" }, /^\x1b\[38;5;196;48;5;196m▀{12}\x1b/],
      [{ TERM: "xterm-kitty", NO_COLOR: "1" }, /^[^\x1b]*$/],
      [{ TERM: "dumb" }, /^[^\x1b]*$/],
    ];
    await withFiles(async (folder) => {
      const path = join(folder, "picture.png");
      await Promise.all(
        fullOr(cases, cases.slice(0, 2)).map(async ([env, seen]) => {
          assert.match(await onTerminal(path, env), seen, JSON.stringify(env));
        }),
      );
    });
  },
});

Deno.test("runShow fails on what is not there and on what is not a regular file", async () => {
  const options = { previewRows: 20, color: true };
  await assert.rejects(runShow(["/nowhere/at all"], options), {
    code: "local",
    message: "no such file: /nowhere/at all",
  });
  await assert.rejects(runShow(["/"], options), { code: "local", message: /not a regular file/ });
});

Deno.test("show takes several files and standard input, and exits 5 where it cannot show one", async () => {
  await withFiles(async (folder) => {
    const files = [join(folder, "data.json"), join(folder, "none"), "-"];
    const child = new Deno.Command(Deno.execPath(), {
      args: ["eval", SHOW, "--", ...files],
      cwd: ROOT,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("hello\n"));
    await writer.close();
    const { code, stdout, stderr } = await child.output();
    const lines = new TextDecoder().decode(stdout).split("\n");
    assert.equal(code, 5);
    assert.equal(lines[0], `${files[0]}:`);
    assert.ok(lines.includes('  "b": null'), lines.join("\n"));
    assert.deepEqual(lines.slice(-4), ["-:", "hello", "text · UTF-8 · 6 B · 1 line", ""]);
    assert.match(new TextDecoder().decode(stderr), /^error: no such file: .*none\n/);
  });
});

Deno.test({
  name: "runShow fails on a file that cannot be read",
  ignore: Deno.build.os === "windows" || Deno.uid() === 0,
  async fn() {
    await withFiles(async (folder) => {
      const path = join(folder, "data.json");
      await Deno.chmod(path, 0o000);
      const shown = runShow([path], { previewRows: 20, color: true });
      await assert.rejects(shown, { code: "local", message: /permission denied/ });
    });
  },
});

/** What `show` writes to a pseudo-terminal. */
async function onTerminal(path: string, env: Record<string, string>): Promise<string> {
  const line = [Deno.execPath(), "eval", SHOW, "--", path].map(quote).join(" ");
  const { stdout } = await new Deno.Command("script", {
    args: ["--quiet", "--return", "--command", line, "/dev/null"],
    cwd: ROOT,
    clearEnv: true,
    env: { ...runtimeEnv(), SHELL: "/bin/sh", ...env },
    stdin: "null",
  }).output();
  return new TextDecoder().decode(stdout);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

async function hasScript(): Promise<boolean> {
  return await new Deno.Command("script", { args: ["--version"], stdout: "null" }).output()
    .then(({ success }) => success, () => false);
}

async function withFiles(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeFile(join(folder, "picture.png"), await encodePng(quarters(24, 16)));
    await Deno.writeTextFile(join(folder, "table.csv"), "a,b\n1,\x1b[31m2\n");
    await Deno.writeTextFile(join(folder, "data.json"), '{"a": [1, 2], "b": null}');
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
