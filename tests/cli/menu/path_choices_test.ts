import assert from "node:assert/strict";
import { pathChoices, pathOf, type Wanted } from "../../../src/cli/menu/path_choices.ts";
import { TempDir } from "../../helpers/temp_dir.ts";

const IMAGE: Wanted = { kind: "image", folders: false };
const ALL: Wanted = { folders: true };

Deno.test("pathChoices has files that are named as wanted, then folders, in the order of their names", async () => {
  await using dir = await folder();
  assert.deepEqual(labels(dir, "", IMAGE), ["photo 2.png", "photo 10.png", "Photos.JPG", "trip/"]);
  assert.deepEqual(labels(dir, "", { kind: "csv", folders: false }), ["table.csv", "trip/"]);
});

Deno.test("pathChoices completes without regard to case, and keeps what is typed before the name", async () => {
  await using dir = await folder();
  assert.deepEqual(labels(dir, "PHOTOS", IMAGE), ["Photos.JPG"]);
  assert.deepEqual(values(dir, "trip/b", IMAGE), [`${dir.path}/trip/beach.png`]);
  assert.deepEqual(values(dir, "tr", IMAGE), [`${dir.path}/trip/`]);
});

Deno.test("pathChoices finds what is typed anywhere in a name, after names that begin with it", async () => {
  await using dir = await folder();
  assert.deepEqual(labels(dir, "10", IMAGE), ["photo 10.png"]);
  await Deno.writeTextFile(dir.join("a photo.png"), "");
  assert.deepEqual(labels(dir, "photo", IMAGE), [
    ...["photo 2.png", "photo 10.png", "Photos.JPG"],
    "a photo.png",
  ]);
});

Deno.test("pathChoices puts what is typed in full first, whatever it is", async () => {
  await using dir = await folder();
  await Deno.writeTextFile(dir.join("table.csv.png"), "");
  assert.deepEqual(labels(dir, "table.csv", IMAGE), ["table.csv", "table.csv.png"]);
  assert.deepEqual(labels(dir, "tabl", IMAGE), ["table.csv.png"]);
});

Deno.test("pathChoices has other files where there is nothing that is wanted", async () => {
  await using dir = await folder();
  assert.deepEqual(labels(dir, "tab", IMAGE), ["table.csv"]);
  assert.deepEqual(labels(dir, "nothing", IMAGE), []);
  assert.deepEqual(labels(dir, "nowhere/", IMAGE), []);
});

Deno.test("pathChoices shows hidden names to those who begin to type one", async () => {
  await using dir = await folder();
  assert.deepEqual(labels(dir, ".h", ALL), [".hidden"]);
  assert.ok(!labels(dir, "", ALL).includes(".hidden"));
});

Deno.test("pathChoices offers the folder that is typed first, but not before anything is typed", async () => {
  await using dir = await folder();
  const start = `${dir.path}/trip/`;
  const [here] = pathChoices(start, { ...ALL, start: "" });
  assert.deepEqual(here, { value: start, label: start, hint: "this whole folder" });
  const untyped = pathChoices(start, { ...ALL, start });
  assert.deepEqual(untyped.map(({ label }) => label), ["beach.png"]);
});

Deno.test("pathChoices follows links, and leaves out those that lead nowhere", async () => {
  await using dir = await folder();
  await Deno.symlink(dir.join("trip"), dir.join("link"));
  await Deno.symlink(dir.join("gone"), dir.join("lost"));
  assert.deepEqual(labels(dir, "li", ALL), ["link/"]);
  assert.deepEqual(labels(dir, "los", ALL), []);
});

Deno.test("pathChoices takes the quotes off that a terminal puts around a dropped file", async () => {
  await using dir = await folder();
  const dropped = `'${dir.join("photo 2.png")}' `;
  const choices = pathChoices(dropped, { ...IMAGE, start: "" });
  assert.deepEqual(choices.map(({ value }) => value), [dir.join("photo 2.png")]);
});

Deno.test("pathChoices makes names printable", async () => {
  await using dir = await folder();
  await Deno.writeTextFile(dir.join("x\x1b[2J.png"), "");
  assert.deepEqual(labels(dir, "x", IMAGE), ["x\\u{1b}[2J.png"]);
});

Deno.test("pathOf leads to the home folder by ~, and by nothing else", () => {
  const home = Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE")!;
  assert.equal(pathOf("~"), home);
  assert.equal(pathOf("~/a"), `${home}/a`);
  for (const path of ["~a", "a/~", "./~/a"]) assert.equal(pathOf(path), path);
});

async function folder(): Promise<TempDir> {
  const dir = await TempDir.make();
  await Deno.mkdir(dir.join("trip"));
  const names = ["photo 10.png", "photo 2.png", "Photos.JPG", "table.csv", ".hidden"];
  for (const name of [...names, "trip/beach.png"]) await Deno.writeTextFile(dir.join(name), "");
  return dir;
}

function choicesAt(dir: TempDir, typed: string, wanted: Wanted) {
  return pathChoices(`${dir.path}/${typed}`, { ...wanted, start: `${dir.path}/` });
}

function labels(dir: TempDir, typed: string, wanted: Wanted): string[] {
  return choicesAt(dir, typed, wanted).map(({ label }) => label);
}

function values(dir: TempDir, typed: string, wanted: Wanted): string[] {
  return choicesAt(dir, typed, wanted).map(({ value }) => value);
}
