import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { SEGMENT_BYTES } from "../../src/storage/checkpoint_pace.ts";
import { sampleCsv, sampleJson, samplePng } from "../helpers/sample_files.ts";
import { joined } from "../helpers/tmux.ts";
import {
  ESCAPES,
  leave,
  type MenuScreen,
  openMenu,
  sceneWithFiles,
  testOnTerminal,
} from "./menu_screen.ts";
import { run } from "./program.ts";
import { Scene } from "./scene.ts";

testOnTerminal("the first time the menu asks who and where, and remembers it", async () => {
  await using scene = await sceneWithFiles();
  await using first = await openMenu(scene, { words: ["menu"], isFirst: true });
  await first.asks("Your name");
  await first.answer("Ana Lima");
  await first.asks("The hub");
  await first.answer(scene.to);
  await first.asks(`Ana Lima → ${scene.to}`);
  await leave(first);
  const settings = join(await scene.home("ana"), "settings.json");
  assert.equal((await Deno.stat(settings)).mode! & 0o777, 0o600);

  await using again = await openMenu(scene, { words: ["menu"] });
  await again.asks(`Ana Lima → ${scene.to}`);
  await leave(again);

  await using elsewhere = await openMenu(scene, { words: ["menu", "127.0.0.1:9"] });
  await elsewhere.asks("Ana Lima → 127.0.0.1:9");
  await leave(elsewhere);
  assert.deepEqual(JSON.parse(await Deno.readTextFile(settings)), {
    name: "Ana Lima",
    dir: "./received",
  });
});

testOnTerminal("a bare p2p opens the menu on a terminal", async () => {
  await using scene = await sceneWithFiles();
  await using menu = await openMenu(scene, { words: [] });
  await menu.asks("Send an image");
  await leave(menu);
});

Deno.test("without a terminal the menu is a usage error, and so is a bare p2p", async () => {
  await using scene = await Scene.open();
  const home = await scene.home("ana");
  for (const args of [["menu"], ["menu", scene.to], ["menu", "--json"], []]) {
    const { code, stderr } = await run(args, { home });
    assert.equal(code, 2);
    assert.match(stderr, /^error: (cannot show the menu: .*|no command is given)\nhint: .*\n$/);
  }
  assert.deepEqual([...Deno.readDirSync(home)], []);
});

testOnTerminal("files go by kind: Tab completes, and what is of another kind is said", async () => {
  await using scene = await sceneWithFiles();
  await using menu = await openMenu(scene);
  await menu.pick("Send an image");
  await menu.asks("Which image?");
  await menu.asks("● fake.png ○ sunset.png ○ trip/ ↑/↓"); // And nothing else.
  await menu.refuses("stations.csv", "not an image: this is a CSV");
  await menu.refuses("fake.png", "not an image: this is text");
  await menu.refuses("nothing", "no such file");
  await menu.refuses("trip", "this is a folder: Tab opens it");
  await menu.retype("tri");
  await menu.press("Tab");
  await menu.asks("Search: trip/");
  await menu.asks("● beach.png");
  await menu.type("b");
  await menu.press("Tab");
  await menu.asks("Search: trip/beach.png");
  await menu.press("Enter");
  await menu.shows("delivered beach.png to rack (");

  await menu.pick("Send a CSV");
  await menu.asks("Which CSV?");
  await menu.asks("Search: trip/");
  await menu.refuses("sunset.png", "not a CSV: this is an image");
  await menu.choose("stations.csv");
  await menu.shows("delivered stations.csv to rack");

  await menu.pick("Send a JSON file");
  await menu.asks("Which JSON file?");
  await menu.refuses("broken.json", "not a JSON file: this is text");
  await menu.choose("plan.json");
  await menu.shows("delivered plan.json to rack");
  await leave(menu);
  assert.deepEqual(scene.names(), ["beach.png", "plan.json", "stations.csv"]);
  assert.deepEqual(await scene.read("beach.png"), samplePng(40, 30));
  assert.deepEqual(await scene.read("stations.csv"), sampleCsv(30));
  assert.deepEqual(await scene.read("plan.json"), sampleJson());
});

testOnTerminal("any file and whole folders go, and a text", async () => {
  await using scene = await sceneWithFiles();
  await using menu = await openMenu(scene);
  await menu.pick("Send any file or folder");
  await menu.asks("Which file or folder?");
  await menu.choose("fake.png");
  await menu.shows("delivered fake.png to rack");
  await menu.pick("Send any file or folder");
  await menu.asks("Which file or folder?");
  await menu.type("tr");
  await menu.press("Tab");
  await menu.asks("● trip/ (this whole folder)");
  await menu.press("Enter");
  await menu.shows("delivered trip to rack (folder of 1 file, ");
  await menu.pick("Send a text");
  await menu.asks("Your text");
  await menu.press("Enter");
  await menu.asks("there is nothing to send yet");
  await menu.answer("back at nine 🌊 são");
  await menu.shows("delivered message.txt to rack");
  await leave(menu);
  assert.deepEqual(scene.names(), ["fake.png", "message.txt", "trip"]);
  assert.equal(await scene.readText("message.txt"), "back at nine 🌊 são");
  assert.deepEqual(await scene.read("trip/beach.png"), samplePng(40, 30));
});

testOnTerminal("a file is looked at, and sent where that is wanted", async () => {
  await using scene = await sceneWithFiles();
  await using menu = await openMenu(scene);
  await menu.pick("Look at a file");
  await menu.asks("Which file?");
  await menu.choose("stations.csv");
  await menu.asks(`Send it to ${scene.to}?`);
  assert.match((await menu.lines()).join("\n"), /station │ city +│ temperature │ rain/);
  await menu.press("Enter");
  await menu.asks("→");
  assert.deepEqual(scene.names(), []);
  await menu.pick("Look at a file");
  await menu.asks("Which file?");
  await menu.choose("sunset.png");
  await menu.asks(`Send it to ${scene.to}?`);
  const lines = await menu.lines();
  const [top, caption] = ["▀▀▀▀", "PNG · 60 × 40"].map((text) =>
    lines.findIndex((line) => line.startsWith(text))
  );
  assert.ok(top! >= 0 && caption! - top! >= 10, "the whole picture is on the screen");
  await menu.press("y");
  await menu.shows("delivered sunset.png to rack");
  await leave(menu);
  assert.deepEqual(await scene.read("sunset.png"), samplePng(60, 40));
});

testOnTerminal("settings are changed from then on, and what makes no sense is said", async () => {
  await using scene = await sceneWithFiles();
  await using menu = await openMenu(scene);
  await menu.pick("Settings");
  await menu.asks("Your name");
  await menu.answer("x".repeat(65));
  await menu.asks("it has more than 64 characters");
  await menu.retype("Bo");
  await menu.press("Enter");
  await menu.asks("The hub");
  await menu.answer("a/b");
  await menu.asks('"a/b" is not a host name or an IP address');
  await menu.retype("127.0.0.1");
  await menu.press("Enter");
  await menu.asks("The folder for what comes in");
  await menu.answer("stations.csv");
  await menu.asks('"stations.csv" is not a folder');
  await menu.retype("inbox");
  await menu.press("Enter");
  await menu.asks("Bo → 127.0.0.1:8080");
  await menu.pick("Settings");
  await menu.asks("Your name");
  await menu.press("Enter"); // As it was.
  await menu.asks("The hub");
  await menu.answer(scene.to);
  await menu.asks("The folder for what comes in");
  await menu.press("Enter");
  await menu.asks(`Bo → ${scene.to}`);
  await leave(menu);
  const settings = await Deno.readTextFile(join(await scene.home("ana"), "settings.json"));
  assert.deepEqual(JSON.parse(settings), {
    name: "Bo",
    dir: join(scene.files, "inbox"),
  });
});

testOnTerminal("Esc, Ctrl-C and Ctrl-D go back from every question", async () => {
  await using scene = await sceneWithFiles();
  await using menu = await openMenu(scene);
  const before = await Deno.readTextFile(join(await scene.home("ana"), "settings.json"));
  const questions = [
    ["Send an image", "Which image?"],
    ["Send a CSV", "Which CSV?"],
    ["Send a JSON file", "Which JSON file?"],
    ["Send any file or folder", "Which file or folder?"],
    ["Send a text", "Your text"],
    ["Look at a file", "Which file?"],
    ["Settings", "Your name"],
  ] as const;
  for (const [i, [label, question]] of questions.entries()) {
    await menu.pick(label);
    await menu.asks(question);
    if (label !== "Settings") await menu.type("s");
    await menu.back(ESCAPES[i % 3]!);
  }
  await menu.pick("Look at a file");
  await menu.asks("Which file?");
  await menu.choose("plan.json");
  await menu.asks("Send it to");
  await menu.back("Escape");
  await menu.pick("Settings");
  await menu.asks("Your name");
  await menu.answer("Somebody Else");
  await menu.asks("The hub");
  await menu.press("C-c");
  await menu.asks(`ana → ${scene.to}`);
  await menu.press("Escape");
  await menu.shows("Goodbye.");
  assert.deepEqual(await menu.ended(), { code: 0, inOrder: true });
  assert.deepEqual(scene.names(), []);
  assert.equal(await Deno.readTextFile(join(await scene.home("ana"), "settings.json")), before);
});

testOnTerminal(
  "Esc, Ctrl-C and Ctrl-D leave the menu and its first questions, with 0",
  async () => {
    await using scene = await sceneWithFiles();
    await Promise.all(ESCAPES.map(async (key) => {
      await using menu = await openMenu(scene);
      await menu.asks("Send an image");
      await menu.press(key);
      await menu.shows("Goodbye.");
      assert.deepEqual(await menu.ended(), { code: 0, inOrder: true });
    }));
    for (const answers of [[], ["Ana"]]) {
      await using menu = await openMenu(scene, { words: ["menu"], isFirst: true, as: "new" });
      await menu.asks("Your name");
      for (const answer of answers) {
        await menu.answer(answer);
        await menu.asks("The hub");
      }
      await menu.press("Escape");
      await menu.shows("Goodbye.");
      assert.deepEqual(await menu.ended(), { code: 0, inOrder: true });
    }
    const names = [...Deno.readDirSync(await scene.home("new"))].map(({ name }) => name);
    assert.deepEqual(names, ["identity.json"]);
  },
);

testOnTerminal("SIGTERM ends the menu with 130, and the terminal is in order", async () => {
  await using scene = await sceneWithFiles();
  await using menu = await openMenu(scene);
  await menu.pick("Send a text");
  await menu.asks("Your text");
  Deno.kill(await menu.pid(), "SIGTERM");
  assert.deepEqual(await menu.ended(), { code: 130, inOrder: true });
});

testOnTerminal(
  "a hub that is not there and one that refuses are told, and the menu is back",
  async () => {
    await using scene = await sceneWithFiles({ serve: ["--types", "csv"] });
    await using menu = await openMenu(scene);
    await menu.pick("Send an image");
    await menu.asks("Which image?");
    await menu.choose("sunset.png");
    await menu.shows('error: "sunset.png" was refused: ');
    await menu.asks("→");
    await scene.stopHub("SIGKILL");
    await menu.pick("Send a CSV");
    await menu.asks("Which CSV?");
    await menu.choose("stations.csv");
    await menu.shows(`error: cannot connect to ${scene.to}: connection refused`);
    await menu.shows("hint: start a hub there with `p2p serve`");
    await leave(menu);
  },
);

testOnTerminal("Ctrl-C stops a transfer, and sent again it goes on where it stopped", async () => {
  await using scene = await sceneWithFiles();
  const bytes = 16 * SEGMENT_BYTES;
  await Deno.truncate((await scene.write("big.bin", ""), join(scene.files, "big.bin")), bytes);
  await using menu = await openMenu(scene);
  await menu.pick("Send any file or folder");
  await menu.asks("Which file or folder?");
  await menu.choose("big.bin");
  await scene.hub.event("progress", ({ bytes }) => bytes > 2.5 * SEGMENT_BYTES);
  scene.hub.kill("SIGSTOP"); // It does not even hear that the transfer is stopped.
  await stalled(menu);
  await menu.press("C-c");
  await menu.shows("hint: send it again: it goes on where it stopped");
  await menu.asks("● Send any file or folder");
  scene.hub.kill("SIGCONT");
  assert.deepEqual(scene.names(), []);
  await menu.press("Enter");
  await menu.asks("Which file or folder?");
  await menu.choose("big.bin");
  await menu.until((lines) => /MB were there already\)/.test(joined(lines)), "that it went on");
  await leave(menu);
  assert.equal((await Deno.stat(join(scene.received, "big.bin"))).size, bytes);
});

const beyond = Object.values(networkInterfaces()).flat()
  .find((address) => address?.family === "IPv4" && !address.internal)?.address;

testOnTerminal(
  "a hub beyond loopback is asked about once",
  async () => {
    await using scene = await sceneWithFiles({ serve: ["--host", "0.0.0.0", "--open"] });
    const hub = `${beyond}:${scene.port}`;
    await using menu = await openMenu(scene, { words: ["menu", hub] });
    for (const no of ["n", "Escape", "C-c"]) {
      await sendText(menu, "hello");
      await menu.asks(`${hub} is new. Its fingerprint is`);
      await menu.back(no);
      if (no === "n") await menu.shows(`error: nothing was sent: ${hub} is not known yet`);
      else await menu.asks("● Send a text");
    }
    assert.deepEqual(scene.names(), []);
    await sendText(menu, "hello");
    await menu.asks(`${hub} is new. Its fingerprint is`);
    await menu.press("y");
    await menu.shows("delivered message.txt to rack (5 B");
    await sendText(menu, "hello again");
    await menu.shows('delivered message.txt to rack as "message (1).txt"');
    await leave(menu);
  },
  beyond === undefined, // This machine has no address but loopback.
);

testOnTerminal("forty columns are enough", async () => {
  await using scene = await sceneWithFiles();
  await scene.write("a rather long name for a photograph.png", samplePng(8, 8));
  await using menu = await openMenu(scene, { columns: 40 });
  const labels = (await menu.asks("Exit")).filter((line) => /[●○]/.test(line));
  assert.equal(labels.length, 12);
  await menu.pick("Send an image");
  await menu.asks("Which image?");
  await menu.choose("a rather long name for a photograph.png");
  await menu.shows('delivered "a rather long name for a photograph.png" to rack (');
  await menu.asks("→");
  const result = (await menu.lines()).filter((line) => line.startsWith("│"));
  const at = result.findIndex((line) => line.includes("delivered"));
  assert.match(
    result.slice(at, at + 3).join("\n"),
    /^│ {2}delivered "a .*\n│ {2}.* rack .*\n│ {2}/,
  );
  await leave(menu);
});

testOnTerminal("names of files cannot touch the terminal", async () => {
  await using scene = await sceneWithFiles();
  await scene.write("zz\x1b[2Jgone\u202e.png", samplePng(4, 4));
  await using menu = await openMenu(scene);
  await menu.pick("Send an image");
  await menu.asks("Which image?");
  await menu.asks("○ zz\\u{1b}[2Jgone\\u{202e}.png");
  await menu.press("Up", "Up"); // Past the folders.
  await menu.asks("● zz");
  await menu.press("Enter");
  await menu.shows('error: cannot send it as "zz\\u{1b}[2Jgone\\u{202e}.png"');
  await leave(menu);
});

/** Waits until progress shows the same bytes again and again: no more can be sent. */
async function stalled(menu: MenuScreen) {
  let [bytes, looks] = ["", 0];
  await menu.until((lines) => {
    const shown = /[\d.]+ [KM]?B \/ /.exec(lines.at(-1)!)?.[0] ?? "";
    looks = shown === bytes ? looks + 1 : 0;
    bytes = shown;
    return shown !== "" && looks > 30;
  }, "progress that stands still");
}

async function sendText(menu: MenuScreen, text: string) {
  await menu.pick("Send a text");
  await menu.asks("Your text");
  await menu.answer(text);
}
