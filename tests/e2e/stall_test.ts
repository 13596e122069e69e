import assert from "node:assert/strict";
import { sampleBytes } from "../helpers/sample_files.ts";
import { hasScript, TerminalProgram } from "./in_terminal.ts";
import { Joiner } from "./joiner.ts";
import { eventsOf } from "./program.ts";
import { Scene } from "./scene.ts";

const ignore = Deno.build.os === "windows";

/** More than the window and all that the sockets hold. */
const MUCH = 40_000_000;

Deno.test({
  name:
    "send says what it waits for where its receiver is frozen in mid-transfer, and gets through once that goes on",
  ignore,
  async fn() {
    await using scene = await Scene.open();
    await scene.write("photo.png", sampleBytes(MUCH));
    await using sender = await scene.sending(["photo.png", "--json", "--limit", "20MB/s"]);
    await sender.event("progress", ({ bytes }) => bytes > 0);
    scene.hub.kill("SIGSTOP");
    const stalled = await sender.event("stalled");
    assert.equal(stalled.name, "photo.png");
    assert.ok(stalled.seconds >= 5);
    assert.match(stalled.waitsFor, /^the receiver has granted no more \(\d.* MB in flight\)$/);
    scene.hub.kill("SIGCONT");
    const { code, stdout } = await sender.finished;
    assert.equal(code, 0, stdout);
  },
});

Deno.test({
  name: "send says on a terminal what it waits for, in the progress line",
  ignore: ignore || !hasScript,
  async fn() {
    await using scene = await Scene.open();
    await scene.write("photo.png", sampleBytes(MUCH));
    await using sender = new TerminalProgram(
      ["send", "photo.png", "--limit", "20MB/s", "--to", scene.to],
      { home: await scene.home("ana"), cwd: scene.files },
    );
    await scene.hub.event("progress", ({ bytes }) => bytes > 0);
    scene.hub.kill("SIGSTOP");
    await sender.shown(/photo\.png +\d+% {2}waiting \d+ s: the receiver has granted no more \(/);
    scene.hub.kill("SIGCONT");
    assert.equal((await sender.finished()).code, 0);
  },
});

Deno.test({
  name: "a hub and a joined person say that nothing comes where the sender is frozen",
  ignore,
  async fn() {
    await using scene = await Scene.open();
    await using bo = await Joiner.join(scene, "bo");
    await scene.write("photo.png", sampleBytes(MUCH));
    for (const [to, receiver] of [[[], scene.hub], [["--peer", "bo"], bo.program]] as const) {
      await using sender = await scene.sending([
        ...["photo.png", "--json", "--limit", "20MB/s"],
        ...to,
      ]);
      await sender.event("progress", ({ bytes }) => bytes > 0);
      await receiver.event("progress", ({ bytes }) => bytes > 0);
      sender.kill("SIGSTOP");
      const { name, waitsFor } = await receiver.event("stalled");
      assert.deepEqual([name, waitsFor], ["photo.png", "nothing comes from the sender"]);
      sender.kill("SIGCONT");
      const finished = await sender.finished;
      assert.equal(finished.code, 0, finished.stdout);
    }
  },
});

Deno.test({
  name: "send through a hub says that the hub is frozen, off a terminal on one line of stderr",
  ignore,
  async fn() {
    await using scene = await Scene.open();
    await using bo = await Joiner.join(scene, "bo");
    await scene.write("photo.png", sampleBytes(MUCH));
    await using sender = await scene.sending(["photo.png", "--peer", "bo", "--limit", "20MB/s"]);
    await bo.program.event("progress", ({ bytes }) => bytes > 0);
    scene.hub.kill("SIGSTOP");
    const line = await sender.errorLine("waiting");
    assert.match(line, /^photo\.png: waiting \d+ s: the hub has granted no more \(/);
    scene.hub.kill("SIGCONT");
    const { code, stderr } = await sender.finished;
    assert.equal(code, 0, stderr);
    assert.equal(stderr.split("waiting").length, 2);
  },
});

Deno.test({
  name: "send says that a frozen hub has not answered, before there is a session",
  ignore,
  async fn() {
    await using scene = await Scene.open();
    await scene.write("photo.png", sampleBytes(1_000));
    scene.hub.kill("SIGSTOP");
    await using sender = await scene.sending(["photo.png", "--json"]);
    const stalled = await sender.event("stalled");
    assert.equal(stalled.waitsFor, `no answer from ${scene.to} yet`);
    assert.equal(stalled.transfer, undefined);
    scene.hub.kill("SIGCONT");
    const finished = await sender.finished;
    assert.equal(finished.code, 0, finished.stderr);
    assert.equal(eventsOf(finished, "stalled").length, 1);
  },
});
