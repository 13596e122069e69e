import assert from "node:assert/strict";
import { TRACE_TOPICS } from "../../src/trace.ts";
import { eventually } from "../helpers/eventually.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { listeningPorts } from "../helpers/tcp_sockets.ts";
import { Joiner } from "./joiner.ts";
import { eventsOf } from "./program.ts";
import { Scene } from "./scene.ts";

/** A line of a trace: time, topic, what happened, facts. */
const LINE = /^\d\d:\d\d:\d\d\.\d{3} (\w+) +(.*?)((?: \w+=\S+)*)$/;

Deno.test("--verbose prints each change of state on stderr, and stdout stays as it is", async () => {
  await using scene = await Scene.open({ serve: ["--verbose"] });
  await scene.write("photo.png", sampleBytes(300_000));
  const { code, stdout, stderr } = await scene.send(["photo.png", "--verbose", "--json"]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(eventsOf({ code, stdout, stderr }, "delivered").length, 1);
  const whats = linesOf(stderr).map(({ what }) => what);
  const told = ["dialled", "handshake done", "session open", "offer sent", "begin sent"]
    .concat(["accept received", "receipt received", "goodbye sent"]);
  assert.deepEqual(whats.filter((what) => told.includes(what)), told);
  assert.ok(!whats.some((what) => what.startsWith("credit") || what.startsWith("end")));
  const hub = await scene.stopHub("SIGTERM");
  const atHub = linesOf(hub.stderr).map(({ what }) => what);
  for (const what of ["part opened", "published"]) assert.ok(atHub.includes(what), what);
});

Deno.test("P2P_TRACE prints all of the topics that it names, and none of the others", async () => {
  await using scene = await Scene.open();
  await scene.write("photo.png", sampleBytes(3_000_000));
  const { code, stderr } = await scene.send(["photo.png"], { env: { P2P_TRACE: "exchange" } });
  assert.equal(code, 0, stderr);
  const lines = linesOf(stderr);
  assert.deepEqual([...new Set(lines.map(({ topic }) => topic))], ["exchange"]);
  const whats = lines.map(({ what }) => what);
  for (const what of ["offer sent", "credit received", "end sent"]) {
    assert.ok(whats.includes(what), what);
  }
  for (const word of ["photo", "ana", "rack"]) {
    assert.ok(!lines.some(({ line }) => line.includes(word)), word);
  }
});

Deno.test("an unknown word in P2P_TRACE is a usage error that lists the words", async () => {
  await using scene = await Scene.open();
  await scene.write("a", "a");
  const { code, stderr } = await scene.send(["a"], { env: { P2P_TRACE: "session,disk" } });
  assert.equal(code, 2);
  assert.match(stderr, /error: P2P_TRACE has an unknown word: "disk"/);
  assert.ok(stderr.includes(TRACE_TOPICS.join(", ")));
  assert.deepEqual(scene.names(), []);
});

Deno.test({
  name:
    "SIGUSR1 and SIGUSR2 make a hub and a joined person print their sessions, and leave no debugger open",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using scene = await Scene.open();
    await using bo = await Joiner.join(scene, "bo");
    for (const signal of ["SIGUSR1", "SIGUSR2"] as const) {
      scene.hub.kill(signal);
      bo.program.kill(signal);
    }
    const atHub = await scene.hub.errorLine("session ");
    assert.match(atHub, /^session 1 with 127\.0\.0\.1:\d+ \(bo\): open .+, last heard .+ ago$/);
    assert.match(
      await scene.hub.errorLine("exchange 1"),
      /^ {2}exchange 1 join: waits for nothing/,
    );
    assert.match(
      await bo.program.errorLine("session "),
      /^session 1 with 127\.0\.0\.1:\d+ \(rack\): open /,
    );
    assert.match(
      await bo.program.errorLine("exchange 1"),
      /exchange 1 join: waits for a message, /,
    );
    // The runtime opens one at SIGUSR1, which anybody on this machine could use.
    await eventually(() => {
      assert.deepEqual(new Set(listeningPorts(scene.hub.pid)), new Set([scene.port]));
      assert.deepEqual(listeningPorts(bo.program.pid), []);
    });
  },
});

function linesOf(stderr: string) {
  return stderr.split("\n").flatMap((line) => {
    const [, topic, what] = LINE.exec(line) ?? [];
    return topic === undefined ? [] : [{ line, topic, what: what! }];
  });
}
