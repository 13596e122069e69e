import { join } from "node:path";
import type { Scene } from "../../e2e/scene.ts";
import { programCommand } from "../../e2e/program.ts";
import { answerTimes } from "../answer_times.ts";
import type { Case } from "../case.ts";
import { makeFile } from "../content.ts";
import { AT_MOST_MS, openScene } from "../hub_scene.ts";
import { measure, usage } from "../measure.ts";
import { joinAs } from "../person.ts";
import { type Row, seconds } from "../result.ts";

const RUNS = 5;
const TABLE_BYTES = 1e7;

/** 24 megapixels, and pictures that are known apart by their width. */
const [WIDTH, HEIGHT] = [6_000, 4_000];
const PICTURES = 3;

/** Terminals by the protocol that they draw pictures with. */
const TERMINALS: Record<string, Record<string, string>> = {
  "Kitty graphics": { TERM: "xterm-kitty" },
  "sixel": { TERM: "foot" },
  "half blocks": { TERM: "xterm", COLORTERM: "truecolor" },
};

/** What a person waits for a preview, and what the hub's other guests notice of one. */
export const previews: Case = {
  name: "previews",
  shows:
    "a picture of 24 megapixels, a table and JSON of 10 MB on a terminal; a hub that shows pictures meanwhile",
  async run({ runs = RUNS }) {
    const dir = await Deno.makeTempDir({ prefix: "previews-" });
    const pictures = await makePictures(dir);
    const table = join(dir, "table.csv");
    await Deno.writeTextFile(table, "name,amount,city\n" + filled("somebody,12.50,Bern\n"));
    const json = join(dir, "data.json");
    await Deno.writeTextFile(json, `[${filled('{"name":"somebody","amount":12.5},')}{}]`);
    const rows: Row[] = [];
    for (const [protocol, env] of Object.entries(TERMINALS)) {
      rows.push(await show(`JPEG, ${protocol}`, { path: pictures[0]!, env, runs }));
    }
    const env = TERMINALS["half blocks"]!;
    rows.push(await show("CSV", { path: table, env, runs }));
    rows.push(await show("JSON", { path: json, env, runs }));
    rows.push(await hubThatShows(pictures));
    await Deno.remove(dir, { recursive: true });
    return rows;
  },
};

interface Shown {
  path: string;
  env: Record<string, string>;
  runs: number;
}

/** `p2p show` in a terminal of its own, from start to exit. */
async function show(of: string, { path, env, runs }: Shown): Promise<Row> {
  const line = [...programCommand(), "show", path].map((word) => `'${word}'`).join(" ");
  const script = ["script", "--quiet", "--return", "--command", line, "/dev/null"];
  const times: number[] = [];
  for (let i = 0; i <= runs; i++) {
    const sample = await measure([{
      line: script,
      env: { ...env, NO_COLOR: "", SHELL: "/bin/sh" },
    }]);
    if (i > 0) times.push(sample.seconds); // The first is the warm-up.
  }
  return { of, figures: { time: seconds(times) } };
}

/**
 * A hub that draws each picture it gets: how long somebody else waits for an answer while they come and while it draws,
 * and what its memory grows by, against as many files of that size that it does not draw.
 */
async function hubThatShows(pictures: string[]): Promise<Row> {
  await using scene = await openScene({
    plain: true,
    serve: ["--preview", "always"],
    hub: { atMostMs: AT_MOST_MS },
  });
  await using asker = await joinAs("asker", scene.port);
  const { pid } = scene.hub;
  const { size } = await Deno.stat(pictures[0]!);
  const others = await Promise.all(
    pictures.map((_, i) => makeFile(scene.files, size, `other ${i}.bin`)),
  );
  const without = await answerTimes(asker.session, async () => {
    await sendAll(scene, others);
    for (const i of others.keys()) await scene.hub.line(`other ${i}.bin`);
  });
  const before = await usage(pid);
  const shown = async () => {
    for (const i of pictures.keys()) await scene.hub.line(`${WIDTH + i} × ${HEIGHT}`);
  };
  const sending = await answerTimes(asker.session, () => sendAll(scene, pictures));
  const showing = await answerTimes(asker.session, shown);
  const after = await usage(pid);
  return {
    of: `hub that shows ${pictures.length}`,
    figures: {
      "longest answer": { unit: "ms", values: [Math.max(...showing)] },
      "while they come": { unit: "ms", values: [Math.max(...sending)] },
      "without pictures": { unit: "ms", values: [Math.max(...without)] },
      "memory grown by": { unit: "B", values: [after.peak - before.peak] },
    },
  };
}

async function sendAll(scene: Scene, paths: string[]): Promise<void> {
  const { code, stderr } = await scene.send([...paths, "--quiet"]);
  if (code !== 0) throw new Error(stderr);
}

/** Pictures, made by a process of its own: what they leave in memory would be collected while somebody asks. */
async function makePictures(dir: string): Promise<string[]> {
  const paths = Array.from({ length: PICTURES }, (_, i) => join(dir, `picture ${i}.jpg`));
  for (const [i, path] of paths.entries()) {
    const script = new URL("../make_picture.ts", import.meta.url).pathname;
    const args = ["run", "--quiet", "--allow-all", script, String(WIDTH + i), String(HEIGHT), path];
    const { success } = await new Deno.Command(Deno.execPath(), { args }).output();
    if (!success) throw new Error(`cannot make ${path}`);
  }
  return paths;
}

function filled(line: string): string {
  return line.repeat(TABLE_BYTES / line.length);
}
