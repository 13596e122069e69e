import assert from "node:assert/strict";
import { loadIdentity } from "../../src/home/identity.ts";
import { fingerprint } from "../../src/secure/fingerprint.ts";
import { Joiner } from "./joiner.ts";
import { eventsOf, Program, run } from "./program.ts";
import { Scene } from "./scene.ts";

Deno.test("people see each other come and go at once, and the hub says so too", async () => {
  await using scene = await Scene.open();
  await using bob = await Joiner.join(scene, "bob");
  await using cy = await Joiner.join(scene, "cy");
  const { peer, fingerprint: shown } = await bob.program.event(
    "joined",
    ({ peer }) => peer !== "bob",
  );
  const { keyPair } = await loadIdentity(await scene.home("cy"));
  assert.deepEqual([peer, shown], ["cy", fingerprint(keyPair.id)]);
  assert.equal((await cy.stop("SIGINT")).code, 130);
  await bob.program.event("left", ({ peer }) => peer === "cy");
  await scene.hub.event("left", ({ peer }) => peer === "cy");
  const { code, stderr } = await bob.stop("SIGTERM");
  assert.deepEqual([code, stderr], [0, ""]);
  await scene.hub.event("left", ({ peer }) => peer === "bob");
});

Deno.test("a hub that stops says goodbye, and people wait for it to come back", async () => {
  await using scene = await Scene.open();
  await using bob = await Joiner.join(scene, "bob", { plain: true });
  assert.match(await bob.program.line("joined "), /^joined rack as bob; nobody else is here$/);
  await scene.stopHub("SIGINT");
  assert.match(
    await bob.program.errorLine("joining again"),
    /^warning: .*the hub is stopping; joining again in 500 ms$/,
  );
  await scene.startHub();
  await scene.hub.event("joined", ({ peer }) => peer === "bob");
});

Deno.test("join fails where nobody listens, and where the hub's key is another one", async () => {
  await using scene = await Scene.open();
  await using bob = new Joiner(scene, "bob");
  await scene.stopHub("SIGKILL");
  await bob.start();
  const unreachable = await bob.program.finished;
  assert.equal(unreachable.code, 3);
  assert.match(unreachable.stderr, /^error: cannot connect to .*: connection refused$/m);
  await scene.startHub();
  await bob.start();
  await bob.joined();
  await scene.stopHub("SIGKILL");
  await scene.startHub("another hub");
  const changed = await bob.program.finished;
  assert.equal(changed.code, 4);
  assert.match(changed.stderr, /the key of the hub at .* has changed/);
});

Deno.test("a name belongs to the first key that joins under it, in any case and for good", async () => {
  await using scene = await Scene.open();
  await using bob = await Joiner.join(scene, "Bob");
  await scene.write("a.txt", "a");
  const reason = /the name "(bob|Bob|BOB)" belongs to somebody else here; choose another one/;
  const taken = async () => {
    for (const name of ["Bob", "bob", "BOB"]) {
      await using eve = new Joiner(scene, name, { as: "eve" });
      await eve.start();
      const { code, stderr } = await eve.program.finished;
      assert.equal(code, 4);
      assert.match(stderr, reason);
      const sent = await scene.send(["a.txt", "--name", name], { as: "eve" });
      assert.equal(sent.code, 4);
      assert.match(sent.stderr, reason);
    }
  };
  await taken();
  await bob.stop("SIGINT");
  await scene.stopHub("SIGKILL");
  await scene.startHub();
  await taken();
  assert.equal((await scene.send(["a.txt", "--name", "fresh"], { as: "eve" })).code, 0);
});

Deno.test("names that nobody should have are refused with the reason", async () => {
  await using scene = await Scene.open();
  const names: [string, RegExp][] = [
    ["", /is empty/],
    ["x".repeat(65), /more than 64 characters/],
    ["a\u001b[2Jb", /holds control or invisible characters/],
    ["a\u202eb", /holds control or invisible characters/],
    [" a", /starts or ends with a space/],
  ];
  for (const [name, reason] of names) {
    await using joiner = new Joiner(scene, name, { as: "eve" });
    await joiner.start();
    const { code, stderr } = await joiner.program.finished;
    assert.equal(code, 2, stderr);
    assert.match(stderr, reason);
    assert.doesNotMatch(stderr, /[^\P{Cc}\n]/u);
  }
});

Deno.test("the same person joining again takes the place of the earlier session, which is told", async () => {
  await using scene = await Scene.open();
  await using first = await Joiner.join(scene, "bob");
  await using second = await Joiner.join(scene, "bob");
  const { code, stderr } = await first.program.finished;
  assert.equal(code, 4);
  assert.match(stderr, /^error: "bob" has joined from somewhere else$/m);
  await scene.write("a.txt", "a");
  assert.equal((await scene.send(["a.txt", "--peer", "bob"])).code, 0);
  await second.received("a.txt");
  const { stdout } = await scene.stopHub("SIGINT");
  const hub = eventsOf({ stdout, stderr: "", code: 0 });
  assert.equal(hub.filter(({ event }) => event === "joined").length, 1);
});

Deno.test("one key may have two names, and is sent to under both", async () => {
  await using scene = await Scene.open();
  await using bob = await Joiner.join(scene, "bob");
  await using robert = await Joiner.join(scene, "robert", { as: "bob" });
  await scene.write("a.txt", "a");
  const sent = await scene.send(["a.txt", "--peer", "bob", "--peer", "robert"]);
  assert.equal(sent.code, 0, sent.stderr);
  await bob.received("a.txt");
  await robert.received("a.txt");
});

Deno.test("nobody there, nobody of that name, and the hub's own name", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  const nobody = await scene.send(["a.txt", "--all", "--quiet"]);
  assert.deepEqual([nobody.code, nobody.stderr.split("\n")[0]], [
    ...[4, 'error: nobody else is joined at "rack"'],
  ]);
  await using ana = await Joiner.join(scene, "ana");
  assert.equal((await scene.send(["a.txt", "--all"])).code, 4, "the sender does not count");
  await using robert = await Joiner.join(scene, "robert");
  const wanted: [string, string][] = [
    ["robret", 'hint: did you mean "robert"?'],
    ["zoe", "hint: see who is there with `p2p peers`"],
    ["RACK", "hint: that is the hub itself: leave --peer out to send to it"],
  ];
  for (const [name, hint] of wanted) {
    const { code, stderr } = await scene.send(["a.txt", "--peer", name, "--quiet"]);
    assert.deepEqual([code, ...stderr.split("\n")], [
      ...[4, `error: nobody named "${name}" has joined "rack"`, hint, ""],
    ]);
  }
  for (const person of [ana, robert]) assert.deepEqual(person.names(), []);
});

Deno.test("peers says who is joined and who is away, since when, and how much waits", async () => {
  await using scene = await Scene.open();
  await using bob = await Joiner.join(scene, "bob");
  await using _cy = await Joiner.join(scene, "cy");
  await bob.stop("SIGINT");
  await scene.hub.event("left");
  await scene.write("a.txt", "a");
  for (let i = 0; i < 2; i++) {
    assert.equal((await scene.send(["a.txt", "--peer", "bob"])).code, 0);
  }
  const peers = eventsOf(await scene.ask("peers", ["--json"]), "peer");
  const { keyPair } = await loadIdentity(await scene.home("bob"));
  assert.deepEqual(
    peers.map(({ name, state, waiting }) => [name, state, waiting]),
    [["bob", "away", 2], ["cy", "joined", 0]],
  );
  assert.equal(peers[0]!.fingerprint, fingerprint(keyPair.id));
  for (const { since } of peers) assert.ok(Math.abs(Date.now() - Date.parse(since)) < 60_000);
  const { stdout, code } = await scene.ask("peers");
  assert.equal(code, 0);
  const key = "[a-z2-7]{5}(-[a-z2-7]{5}){3}";
  const date = "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d";
  assert.match(stdout, new RegExp(`^away    bob  ${key}  since ${date}, 2 files wait$`, "m"));
  assert.match(stdout, new RegExp(`^joined  cy   ${key}  since ${date}$`, "m"));
});

const secondHub = "a second hub in the same home is refused: it would deliver everything twice";
// An executable that was built on Deno 2.6 cannot try a lock.
Deno.test(secondHub, { ignore: Deno.env.get("P2P_BIN") !== undefined }, async () => {
  await using scene = await Scene.open();
  const home = await scene.home("hub");
  const { code, stderr } = await run(["serve", "--port", "0", "--dir", scene.received], { home });
  assert.equal(code, 5);
  assert.match(stderr, /^error: cannot serve from ".*": another hub does$/m);
});

Deno.test("--accept known takes from people in the list only, also through a hub", async () => {
  await using scene = await Scene.open();
  await using bob = await Joiner.join(scene, "bob", { args: ["--accept", "known"] });
  await scene.write("a.txt", "a");
  const { code, stderr } = await scene.send(["a.txt", "--peer", "bob"]);
  assert.equal(code, 4);
  assert.match(stderr, /"a.txt" did not get to "bob": only known people are accepted/);
  assert.deepEqual(bob.names(), []);
});

Deno.test("a hub and somebody who is joined to it may have the same home", async () => {
  await using scene = await Scene.open();
  const home = await scene.home("hub");
  const args = ["join", scene.to, "--name", "itself", "--dir", scene.received, "--json"];
  await using itself = new Program(args, { home });
  await itself.event("joined");
  await scene.write("a.txt", "a");
  assert.equal((await scene.send(["a.txt", "--peer", "itself"])).code, 0);
  await itself.event("received");
});
