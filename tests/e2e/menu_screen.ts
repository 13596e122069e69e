import assert from "node:assert/strict";
import { join } from "node:path";
import { sampleCsv, sampleJson, samplePng } from "../helpers/sample_files.ts";
import { hasTmux, joined, TmuxTerminal } from "../helpers/tmux.ts";
import { programCommand } from "./program.ts";
import { Scene, type SceneOptions } from "./scene.ts";

/** The keys that go back. */
export const ESCAPES = ["Escape", "C-c", "C-d"];

/** A test that needs a terminal, and so tmux. */
export function testOnTerminal(name: string, fn: () => Promise<void>, ignore = false) {
  Deno.test({ name, ignore: ignore || !hasTmux, fn }); // There is no tmux here.
}

/** A hub, and files of every kind to send. */
export function sceneWithFiles(options: SceneOptions = {}): Promise<Scene> {
  return Scene.open(options).then(async (scene) => {
    await scene.write("sunset.png", samplePng(60, 40));
    await scene.write("fake.png", "no picture at all");
    await scene.write("stations.csv", sampleCsv(30));
    await scene.write("plan.json", sampleJson());
    await scene.write("broken.json", "# no JSON");
    await scene.write("trip/beach.png", samplePng(40, 30));
    return scene;
  });
}

/** How the menu is opened. */
export interface MenuOptions {
  words?: string[];
  columns?: number;
  isFirst?: boolean;
  as?: string;
}

/** The menu in a terminal, in the folder with the files; with settings that are remembered, save at the first time. */
export async function openMenu(
  scene: Scene,
  { words = ["menu"], columns = 80, isFirst = false, as = "ana" }: MenuOptions = {},
): Promise<MenuScreen> {
  const home = await scene.home(as);
  const settings = join(home, "settings.json");
  const exists = await Deno.stat(settings).then(() => true, () => false);
  if (!isFirst && !exists) {
    await Deno.writeTextFile(settings, JSON.stringify({ name: as, hub: scene.to }), {
      mode: 0o600,
    });
  }
  const env = { P2P_HOME: home, P2P_TO: "", NO_COLOR: "", LC_ALL: "C.UTF-8" };
  return await MenuScreen.open([...programCommand(), ...words], { cwd: scene.files, env, columns });
}

/** Leaves the menu by its last line. */
export async function leave(menu: MenuScreen) {
  await menu.pick("Exit");
  await menu.shows("Goodbye.");
  assert.deepEqual(await menu.ended(), { code: 0, inOrder: true });
}

/** What a person does with the menu. */
export class MenuScreen extends TmuxTerminal {
  /** Waits for an open question that shows `text`; returns its lines. */
  async asks(text: string): Promise<string[]> {
    const isAsked = (lines: string[]) => joined(question(lines)).includes(text);
    return question(await this.until(isAsked, `a question with "${text}"`));
  }

  /** Types an answer and presses Enter. */
  async answer(text: string): Promise<void> {
    await this.type(text);
    await this.press("Enter");
  }

  /** Types something else instead of what is there. */
  async retype(text: string): Promise<void> {
    await this.press("C-e", "C-u");
    await this.type(text);
  }

  /** Types a path instead of what is there, and takes it once it is the one that is marked. */
  async choose(path: string): Promise<void> {
    await this.retype(path);
    await this.asks(`● ${path}`);
    await this.press("Enter");
  }

  /** Types a path that is not taken, and waits for the reason. */
  async refuses(path: string, reason: string): Promise<void> {
    await this.retype(path);
    await this.asks(`Search: ${path}`);
    await this.press("Enter");
    await this.asks(reason);
  }

  /** Goes back to the menu by a key, and presses one more without a meaning: Deno 2.6 loses the one after Esc. */
  async back(key: string): Promise<void> {
    await this.press(key);
    await this.asks("→");
    await this.press("F12");
  }

  /** Goes to a line of the menu and presses Enter there; a step that Deno 2.6 has lost is made again. */
  async pick(label: string): Promise<void> {
    for (let far; (far = await this.#stepsTo(label)) !== 0;) {
      await this.press(far > 0 ? "Down" : "Up");
      const deadline = performance.now() + LOST_AFTER_MS;
      while (await this.#stepsTo(label) === far && performance.now() < deadline);
    }
    await this.press("Enter");
  }

  /** How many lines below the marked one `label` is. */
  async #stepsTo(label: string): Promise<number> {
    const labels = (await this.asks(` ${label}`)).filter((line) => /[●○] /.test(line));
    const [from, to] = ["●", label].map((text) => labels.findIndex((line) => line.includes(text)));
    return to! - from!;
  }
}

/** A key that has had no effect for so long has none. */
const LOST_AFTER_MS = 2_000;

/** The lines of the question that waits for an answer; none where the last one has got its. */
function question(lines: string[]): string[] {
  const at = lines.findLastIndex((line) => /^[◆▲◇■]/.test(line));
  const isOpen = /^[◆▲]/.test(lines[at] ?? "") && lines.at(-1)!.startsWith("└");
  return isOpen ? lines.slice(at) : [];
}
