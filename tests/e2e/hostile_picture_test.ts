import assert from "node:assert/strict";
import { childOf } from "../helpers/child_of.ts";
import { eventually } from "../helpers/eventually.ts";
import { samplePng } from "../helpers/sample_files.ts";
import { Scene } from "./scene.ts";

Deno.test({
  name: "a hub takes other files while a picture hangs in the decoder, and kills that",
  ignore: Deno.build.os !== "linux", // It says in /proc whose child a process is.
}, async () => {
  await using scene = await Scene.open({ plain: true, serve: ["--preview", "always"] });
  await scene.write("hangs.png", samplePng(600, 600));
  await scene.write("notes.bin", new Uint8Array(10));
  await using sender = await scene.sending(["hangs.png"]);
  let decoder: number | undefined;
  await eventually(() => {
    decoder = childOf(scene.hub.pid);
    assert.ok(decoder, "no process decodes the picture");
    Deno.kill(decoder, "SIGSTOP");
  });
  assert.equal((await sender.finished).code, 0);
  assert.equal((await scene.send(["notes.bin"])).code, 0);
  await scene.hub.line("no preview: ");
  await eventually(() => assert.equal(childOf(scene.hub.pid), undefined));
});
