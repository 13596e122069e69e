import assert from "node:assert/strict";
import { systemWords } from "../src/system_error.ts";
import { TempDir } from "./helpers/temp_dir.ts";

Deno.test("a failed system call is told in words, without a number or a path", async () => {
  await using dir = await TempDir.make();
  await Deno.writeTextFile(dir.join("file"), "");
  const calls: [call: () => unknown, words: string][] = [
    [() => Deno.statSync(dir.join("gone")), "no such file or folder"],
    [() => Deno.mkdirSync(dir.join("file")), "a file of that name is in the way"],
    [() => Deno.mkdirSync(dir.join("file", "below")), "a part of the path is not a folder"],
    [() => Deno.readTextFileSync(dir.path), "it is a folder"],
  ];
  for (const [call, words] of calls) {
    assert.throws(call, (error) => (assert.equal(systemWords(error), words), true));
  }
});

Deno.test("an error that nobody knows keeps its words, and loses number and path", () => {
  const error = new Error("Value too large for data type (os error 75): stat '/secret/place'");
  assert.equal(systemWords(error), "value too large for data type");
  assert.equal(systemWords(new Error("TLS is off")), "TLS is off");
});
