import assert from "node:assert/strict";
import { join } from "node:path";
import { Joiner } from "../chaos/joiner.ts";
import { eventually } from "../helpers/eventually.ts";
import { sampleCsv, samplePng } from "../helpers/sample_files.ts";
import {
  ESCAPES,
  leave,
  type MenuOptions,
  type MenuScreen,
  openMenu,
  sceneWithFiles,
  testOnTerminal,
} from "./menu_screen.ts";
import type { Scene } from "./scene.ts";

testOnTerminal("who has the menu open is joined, and leaves with it", async () => {
  await using scene = await sceneWithFiles();
  await using bo = await Joiner.join(scene, "bo");
  for (const [who, end] of [["ana", "Exit"], ["eve", "SIGTERM"]] as const) {
    await using menu = await openJoined(scene, { as: who });
    await bo.program.event("joined", ({ peer }) => peer === who);
    await menu.asks("→");
    if (end === "Exit") await leave(menu);
    else {
      Deno.kill(await menu.pid(), end);
      assert.deepEqual(await menu.ended(), { code: 130, inOrder: true });
    }
    await bo.program.event("left", ({ peer }) => peer === who);
  }
  assert.ok(!exists(join(scene.files, "received")), "nobody has sent anything");
});

testOnTerminal("a file goes to those who are chosen, now or when they come back", async () => {
  await using scene = await sceneWithFiles();
  await using bo = await Joiner.join(scene, "bo");
  await using cy = await Joiner.join(scene, "cy");
  await using al = await Joiner.join(scene, "al");
  await al.stop("SIGINT");
  await using menu = await openJoined(scene);
  await menu.pick("Send to a person");
  const shown = await menu.asks("To whom?");
  const people = shown.flatMap((line) => /[○●] (.*?)( \(for [\w. ]+\))?$/.exec(line)?.[1] ?? []);
  assert.deepEqual(people, ["bo", "cy", "al, away", "Several of them"]);
  await menu.press("Up");
  await menu.asks("● Several of them");
  await menu.press("Enter");
  await menu.asks("To whom of them?");
  await menu.press("Space", "Up");
  await menu.asks("◻ al, away (for");
  await menu.press("Space");
  await menu.asks("◼ al, away");
  await menu.press("Enter");
  await menu.asks("Which file or folder?");
  await menu.choose("sunset.png");
  await menu.shows("stored sunset.png for al (");
  await menu.shows("delivered sunset.png to bo (");
  await al.start();
  await al.program.event("received");
  await leave(menu);
  for (const { dir } of [bo, al]) await same(join(dir, "sunset.png"), samplePng(60, 40));
  assert.ok(!exists(join(cy.dir, "sunset.png")));
});

testOnTerminal(
  "Enter takes the one that it is pressed on; alone there is nobody to choose",
  async () => {
    await using scene = await sceneWithFiles();
    await using menu = await openJoined(scene);
    await menu.pick("Send to a person");
    await menu.shows('error: nobody else has joined "rack" yet');
    await menu.shows(`hint: others join with \`p2p join ${scene.to} --name NAME\``);
    await using bo = await Joiner.join(scene, "bo");
    await menu.pick("Send to a person");
    await menu.asks("● bo");
    await menu.press("Enter");
    await menu.asks("Which file or folder?");
    await menu.type("tr");
    await menu.press("Tab");
    await menu.asks("● trip/ (this whole folder)");
    await menu.press("Enter");
    await menu.shows("delivered trip to bo (folder of 1 file, ");
    await leave(menu);
    await same(join(bo.dir, "trip/beach.png"), samplePng(40, 30));
  },
);

testOnTerminal("a file goes to everybody who is here, and to nobody where nobody is", async () => {
  await using scene = await sceneWithFiles();
  await using bo = await Joiner.join(scene, "bo");
  await bo.stop("SIGINT");
  await using menu = await openJoined(scene);
  await menu.pick("Send to everybody");
  await menu.shows('error: nobody else is at "rack" now');
  await menu.shows("hint: who is away gets it later, with «Send to a person»");
  await bo.start();
  await menu.pick("Send to everybody");
  await menu.asks("Which file or folder for the one other who is here?");
  await menu.back("Escape");
  await using cy = await Joiner.join(scene, "cy");
  await menu.pick("Send to everybody");
  await menu.asks("Which file or folder for the 2 others who are here?");
  await menu.choose("stations.csv");
  await menu.shows("delivered stations.csv to bo (");
  await menu.shows("delivered stations.csv to cy (");
  await leave(menu);
  for (const { dir } of [bo, cy]) await same(join(dir, "stations.csv"), sampleCsv(30));
});

testOnTerminal("who is here is shown, and who is away", async () => {
  await using scene = await sceneWithFiles();
  await using bo = await Joiner.join(scene, "bo");
  await bo.stop("SIGINT");
  await scene.send(["stations.csv", "--peer", "bo"], { as: "cy" });
  await using menu = await openJoined(scene);
  await menu.pick("Who is here");
  await menu.shows("joined  ana ");
  await menu.asks("● Who is here");
  const [line] = (await menu.lines()).filter((line) => /^│ {2}away +bo /.test(line));
  assert.match(line!, /^│ {2}away {4}bo {3}[a-z2-7-]+ {2}since .*$/);
  await menu.shows(", 1 file waits");
  await leave(menu);
});

testOnTerminal("what comes in leaves an open question alone, and is in the next menu", async () => {
  await using scene = await sceneWithFiles();
  await using menu = await openJoined(scene);
  await menu.pick("What came in");
  await menu.shows("nothing has come in yet");
  await menu.pick("Send a text");
  await menu.asks("Your text");
  await menu.type("half a sen");
  const before = await menu.asks("half a sen");
  await send(scene, "sunset.png");
  assert.deepEqual(await menu.asks("half a sen"), before);
  await menu.answer("tence");
  await menu.shows("delivered message.txt to rack (");
  await menu.asks("sunset.png came from bo: look at it in «What came in»");
  await menu.asks("○ What came in (1 new)");
  await leave(menu);
  assert.equal(await scene.readText("message.txt"), "half a sentence");
  await same(join(scene.files, "received/sunset.png"), samplePng(60, 40));
});

testOnTerminal("what comes in is in the open menu at once, and can be looked at", async () => {
  await using scene = await sceneWithFiles();
  await using menu = await openJoined(scene);
  await send(scene, "stations.csv");
  await menu.asks("stations.csv came from bo: look at it in «What came in»");
  await send(scene, "sunset.png");
  await send(scene, "trip");
  await menu.asks("3 came in, trip from bo the last: look at them in «What came in»");
  await menu.pick("What came in (3 new)");
  const list = await menu.asks("What came in, the newest first");
  const names = list.flatMap((line) => /[●○] (\S+ from bo)/.exec(line)?.[1] ?? []);
  assert.deepEqual(names, ["trip from bo", "sunset.png from bo", "stations.csv from bo"]);
  await menu.press("Enter");
  await menu.shows("received trip from bo (folder of 1 file, ");
  await menu.asks("received/trip: look at another?");
  await menu.press("y");
  await menu.asks("● trip from bo");
  await menu.press("Down");
  await menu.asks("● sunset.png from bo (");
  await menu.press("Enter");
  await menu.asks("received/sunset.png: look at another?");
  assert.ok((await menu.lines()).some((line) => line.startsWith("▀▀▀▀")), "there is a picture");
  await menu.press("y");
  await menu.asks("● sunset.png from bo");
  await menu.press("Down");
  await menu.asks("● stations.csv from bo (");
  await menu.press("Enter");
  await menu.asks("received/stations.csv: look at another?");
  assert.match((await menu.lines()).join("\n"), /station │ city +│ temperature │ rain/);
  await menu.press("Enter");
  const entries = await menu.asks("→");
  assert.doesNotMatch(entries.join("\n"), /new|came from/);
  await leave(menu);
  await same(join(scene.files, "received/trip/beach.png"), samplePng(40, 30));
  await same(join(scene.files, "received/stations.csv"), sampleCsv(30));
});

testOnTerminal("Esc, Ctrl-C and Ctrl-D go back from every question about people", async () => {
  await using scene = await sceneWithFiles();
  await using bo = await Joiner.join(scene, "bo");
  await using menu = await openJoined(scene);
  for (const [i, label] of ["Send to a person", "Send to everybody"].entries()) {
    await menu.pick(label);
    if (i === 0) {
      await menu.asks("To whom?");
      await menu.back("C-d");
      await menu.pick(label);
      await menu.asks("To whom?");
      await menu.press("Enter");
    }
    await menu.asks("Which file or folder");
    await menu.type("s");
    await menu.back(ESCAPES[i]!);
  }
  await send(scene, "stations.csv");
  for (const key of ESCAPES) {
    await menu.pick("What came in");
    await menu.asks("the newest first");
    await menu.back(key);
    await menu.pick("What came in");
    await menu.asks("the newest first");
    await menu.press("Enter");
    await menu.asks("look at another?");
    await menu.back(key);
  }
  await menu.pick("Settings");
  await menu.asks("Your name");
  await menu.press("Enter");
  await menu.asks("The hub");
  await menu.press("Enter");
  await menu.asks("The folder for what comes in");
  await menu.back("C-c");
  await leave(menu);
  assert.deepEqual(scene.names(), []);
  assert.deepEqual([...Deno.readDirSync(bo.dir)].map(({ name }) => name), [".p2p-partial"]);
});

testOnTerminal("a hub that is not there is told once, and joined as soon as it is", async () => {
  await using scene = await sceneWithFiles();
  await scene.stopHub("SIGKILL");
  await using menu = await openMenu(scene);
  await menu.asks(`not joined: cannot connect to ${scene.to}: connection refused; start a hub`);
  await menu.pick("Who is here");
  await menu.shows(`error: cannot connect to ${scene.to}: connection refused`);
  assert.doesNotMatch((await menu.asks("→")).join("\n"), /not joined/);
  await scene.startHub();
  await menu.asks("joined: others can send to you now");
  await scene.hub.event("joined", ({ peer }) => peer === "ana");
  await scene.stopHub("SIGKILL");
  await menu.asks("the connection to the hub was lost, and is tried again");
  await scene.startHub();
  await scene.hub.event("joined", ({ peer }) => peer === "ana");
  await leave(menu);
});

testOnTerminal(
  "a name that is taken is told; each other one is joined as long as it is ours",
  async () => {
    await using scene = await sceneWithFiles();
    await using _bo = await Joiner.join(scene, "bo");
    const home = await scene.home("eve");
    const settings = { name: "bo", hub: scene.to };
    await Deno.writeTextFile(join(home, "settings.json"), JSON.stringify(settings), {
      mode: 0o600,
    });
    await using menu = await openMenu(scene, { as: "eve" });
    await menu.asks('the name "bo" belongs to somebody else here');
    await change(menu, ["Eva", "", "inbox"]);
    await scene.hub.event("joined", ({ peer }) => peer === "Eva");
    await change(menu, ["Eve", "", ""]);
    await scene.hub.event("left", ({ peer }) => peer === "Eva");
    await scene.hub.event("joined", ({ peer }) => peer === "Eve");
    await send(scene, "sunset.png", "--peer", "Eve");
    await menu.asks("sunset.png came from bo");
    await leave(menu);
    await same(join(scene.files, "inbox/sunset.png"), samplePng(60, 40));
  },
);

testOnTerminal("who joins elsewhere takes the place of the menu, which stays away", async () => {
  await using scene = await sceneWithFiles();
  await using menu = await openJoined(scene);
  await using ana = await Joiner.join(scene, "ana");
  await menu.asks('not joined: "ana" has joined from somewhere else');
  await menu.pick("Who is here");
  await menu.shows("joined  ana ");
  await send(scene, "sunset.png");
  await ana.program.event("received");
  await leave(menu);
  await same(join(ana.dir, "sunset.png"), samplePng(60, 40));
});

testOnTerminal("a folder that cannot be made is told, and the hub keeps what came", async () => {
  await using scene = await sceneWithFiles();
  const home = await scene.home("ana");
  const settings = { name: "ana", hub: scene.to, dir: join(scene.files, "plan.json/inbox") };
  await Deno.writeTextFile(join(home, "settings.json"), JSON.stringify(settings), { mode: 0o600 });
  await using menu = await openJoined(scene);
  await using sending = await scene.sending(["sunset.png", "--peer", "ana"], { as: "bo" });
  await menu.asks(`cannot receive into "${settings.dir}"`);
  assert.equal((await sending.finished).code, 0);
  await change(menu, ["", "", "inbox"]);
  await menu.asks("sunset.png came from bo");
  await leave(menu);
  await same(join(scene.files, "inbox/sunset.png"), samplePng(60, 40));
});

testOnTerminal("a hub that wants a secret is joined once that was asked for", async () => {
  const secret = "correct-horse-battery";
  const serve = ["--types", "csv"];
  await using scene = await sceneWithFiles({ serve, hub: { env: { P2P_SECRET: secret } } });
  await using menu = await openMenu(scene);
  await menu.asks(`not joined: ${scene.to} wants a secret; choose «Who is here» to be asked`);
  await menu.pick("Who is here");
  await menu.asks(`The secret of ${scene.to}`);
  await menu.answer("wrong-horse-battery");
  await menu.asks("That is not it.");
  await menu.asks(`The secret of ${scene.to}`);
  await menu.answer(secret);
  await scene.hub.event("joined", ({ peer }) => peer === "ana");
  await menu.asks("joined: others can send to you now");
  await menu.pick("Send an image");
  await menu.asks("Which image?");
  await menu.choose("sunset.png");
  await menu.shows('error: "sunset.png" was refused: ');
  await menu.pick("Send a CSV"); // A no to a file is none to the secret.
  await menu.asks("Which CSV?");
  await menu.choose("stations.csv");
  await menu.shows("delivered stations.csv to rack (");
  await leave(menu);
});

testOnTerminal("forty columns are enough for people", async () => {
  await using scene = await sceneWithFiles();
  await using _bo = await Joiner.join(scene, "bo");
  await using menu = await openJoined(scene, { columns: 40 });
  await send(scene, "sunset.png");
  await menu.asks("○ What came in (1 new)");
  const lines = await menu.asks("sunset.png came from bo: look at it in «What came in»");
  assert.equal(lines.filter((line) => /[●○] /.test(line)).length, 12);
  await menu.pick("Send to a person");
  assert.match((await menu.asks("To whom?")).join("\n"), /^│ {2}● bo \(for .*\)$/m);
  await menu.back("Escape");
  await leave(menu);
});

/** The menu, once the hub has its owner in its list. */
async function openJoined(scene: Scene, options: MenuOptions = {}): Promise<MenuScreen> {
  const menu = await openMenu(scene, options);
  await scene.hub.event("joined", ({ peer }) => peer === (options.as ?? "ana"));
  await menu.asks("→");
  return menu;
}

/** Answers the questions of the settings; "" leaves one as it is. */
async function change(menu: MenuScreen, answers: [name: string, hub: string, folder: string]) {
  await menu.pick("Settings");
  const questions = ["Your name", "The hub", "The folder for what comes in"];
  for (const [i, question] of questions.entries()) {
    await menu.asks(question);
    await menu.answer(answers[i]!);
  }
}

/** What bo sends to ana, or to whom else `args` say; resolves when it was delivered. */
async function send(scene: Scene, ...args: string[]) {
  const to = args.includes("--peer") ? [] : ["--peer", "ana"];
  const { code, stderr } = await scene.send([...args, ...to], { as: "bo" });
  assert.equal(code, 0, stderr);
}

async function same(path: string, bytes: Uint8Array) {
  await eventually(async () => assert.deepEqual(await Deno.readFile(path), bytes));
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path) !== undefined;
  } catch {
    return false;
  }
}
