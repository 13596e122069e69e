import assert from "node:assert/strict";
import { join } from "node:path";
import { SEGMENT_BYTES } from "../../src/storage/checkpoint_pace.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { eventually } from "../helpers/eventually.ts";
import { Joiner } from "./joiner.ts";
import { type Event, eventsOf } from "./program.ts";
import { Scene } from "./scene.ts";

Deno.test("status says who has it, who refused and why, and for whom it waits", async () => {
  await using scene = await Scene.open();
  await using bob = await Joiner.join(scene, "bob");
  await using _cy = await Joiner.join(scene, "cy", { args: ["--types", "image"] });
  await using di = await Joiner.join(scene, "di");
  await di.stop("SIGINT");
  await scene.hub.event("left");
  await scene.write("notes.txt", "some notes");
  await Deno.writeTextFile(join(bob.dir, "notes.txt"), "taken");
  const people = ["bob", "cy", "di"].flatMap((name) => ["--peer", name]);
  const sent = await scene.send(["notes.txt", ...people, "--json"]);
  assert.equal(sent.code, 4);
  const [{ transfer }] = eventsOf(sent, "delivered") as [Event];
  const entries = eventsOf(await scene.status(["--json"]), "transfer");
  assert.deepEqual(
    entries.map(({ transfer, name, to, size, state, reason }) => ({
      transfer,
      name,
      to,
      size,
      state,
      reason,
    })),
    [
      { transfer, name: "notes.txt", to: "bob", size: 10, state: "delivered", reason: undefined },
      {
        transfer,
        name: "notes.txt",
        to: "cy",
        size: 10,
        state: "refused",
        reason: "only images are accepted here",
      },
      { transfer, name: "notes.txt", to: "di", size: 10, state: "waiting", reason: undefined },
    ],
  );
  for (const { until } of entries) assert.ok(Date.parse(until) > Date.now() + 6 * 86_400_000);
  const { stdout, code } = await scene.status();
  assert.equal(code, 0);
  const date = "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d";
  const lines = [
    `notes.txt, 10 B, sent ${date}, id ${transfer.slice(0, 12)}`,
    '  delivered to bob as "notes \\(1\\).txt"',
    "  refused for cy: only images are accepted here",
    `  waiting for di until ${date}`,
  ];
  assert.match(stdout, new RegExp(`^${lines.join("\n")}\n$`));
  assert.equal(eventsOf(await scene.ask("status", ["--json"], { as: "bob" })).length, 0);
  await scene.stopHub("SIGKILL");
  await scene.startHub();
  assert.deepEqual(
    eventsOf(await scene.status(["--json"]), "transfer").map(({ state }) => state),
    ["delivered", "refused", "waiting"],
    "the ledger did not outlive the hub",
  );
});

Deno.test("status from another home shows no name, and believes nothing", async () => {
  await using scene = await Scene.open();
  await using _bob = await Joiner.join(scene, "bob");
  await scene.write("a.txt", "a");
  assert.equal((await scene.send(["a.txt", "--peer", "bob"])).code, 0);
  await Deno.remove(join(await scene.home("ana"), "sent"), { recursive: true });
  const [entry] = eventsOf(await scene.status(["--json"]), "transfer");
  assert.deepEqual([entry!.name, entry!.state], [null, "unproved"]);
  assert.match((await scene.status()).stdout, /^\(sent from another home\), 1 B, sent /);
});

Deno.test("status says how far a receiver is, and where a sender was cut off", async () => {
  await using scene = await Scene.open();
  await using bob = await Joiner.join(scene, "bob");
  await scene.write("big.bin", sampleBytes(4 * SEGMENT_BYTES));
  const line = ["big.bin", "--peer", "bob", "--limit", "5MB/s"];
  await using sender = await scene.sending(line);
  await bob.program.event("progress", ({ bytes }) => bytes > SEGMENT_BYTES);
  const [running] = eventsOf(await scene.status(["--json"]), "transfer");
  assert.equal(running!.state, "running");
  assert.ok(running!.bytes >= SEGMENT_BYTES && running!.bytes <= 4 * SEGMENT_BYTES);
  assert.match((await scene.status()).stdout, /^ {2}at \d+ % for bob$/m);
  sender.kill("SIGKILL");
  await eventually(async () => {
    const [cut] = eventsOf(await scene.status(["--json"]), "transfer");
    assert.equal(cut!.state, "interrupted");
  });
});

Deno.test("what nobody fetches expires, and is gone from the hub's disk", async () => {
  await using scene = await Scene.open({ serve: ["--keep", "4s"] });
  await using bob = await Joiner.join(scene, "bob");
  await bob.stop("SIGINT");
  await scene.hub.event("left");
  await scene.write("a.txt", "a");
  const sent = await scene.send(["a.txt", "--peer", "bob", "--json"]);
  const until = Date.parse(eventsOf(sent, "stored")[0]!.until);
  await scene.stopHub("SIGKILL");
  await eventually(() => assert.ok(Date.now() > until));
  await scene.startHub();
  await scene.hub.event("relayed", ({ state }) => state === "expired");
  await bob.start();
  await bob.joined();
  const [entry] = eventsOf(await scene.status(["--json"]), "transfer");
  assert.deepEqual([entry!.state, entry!.reason], ["expired", "it was not fetched in time"]);
  assert.deepEqual(bob.names(), []);
});

Deno.test("--again --missing finishes a transfer for those who do not have it", async () => {
  await using scene = await Scene.open();
  await using bob = await Joiner.join(scene, "bob");
  await using cy = await Joiner.join(scene, "cy", { args: ["--types", "image"] });
  await using di = await Joiner.join(scene, "di");
  await di.stop("SIGINT");
  await scene.hub.event("left");
  await scene.write("notes.txt", "some notes");
  const people = ["bob", "cy", "di"].flatMap((name) => ["--peer", name]);
  const first = await scene.send(["notes.txt", ...people, "--as", "n.txt", "--json"]);
  const [{ transfer }] = eventsOf(first, "delivered") as [Event];
  await cy.stop("SIGINT");
  await using anew = await Joiner.join(scene, "cy");
  const again = await scene.send(["--again", transfer.slice(0, 12), "--missing", "--json"]);
  assert.equal(again.code, 0, again.stderr);
  assert.deepEqual(eventsOf(again, "delivered").map(({ to, name }) => [to, name]), [
    ["cy", "n.txt"],
  ]);
  assert.deepEqual(
    eventsOf(again, "stored").map(({ to }) => to),
    ["di"],
    "not said, or sent twice",
  );
  await anew.received("n.txt");
  const nothing = await scene.send(["--again", transfer, "--missing"]);
  assert.equal(nothing.code, 0, nothing.stderr);
  assert.equal(nothing.stderr, "bob has n.txt already\ncy has n.txt already\n");
  assert.match(nothing.stdout, /^stored n.txt for di \(10 B, until .*\)\n$/);
  await di.start();
  await di.received("n.txt");
  const all = await scene.send(["--again", transfer, "--json"]);
  assert.equal(all.code, 0, all.stderr);
  assert.deepEqual(eventsOf(all, "delivered").map(({ to }) => to).sort(), ["bob", "cy", "di"]);
  assert.deepEqual(bob.names(), ["n.txt"], "it was there already");
  assert.deepEqual(di.names(), ["n (1).txt", "n.txt"]);
});

Deno.test("--again goes on with an upload that was cut off", async () => {
  await using scene = await Scene.open();
  await using bob = await Joiner.join(scene, "bob");
  await scene.write("big.bin", sampleBytes(4 * SEGMENT_BYTES));
  const line = ["big.bin", "--peer", "bob", "--limit", "25MB/s", "--json"];
  await using sender = await scene.sending(line);
  const { transfer } = await bob.program.event("progress", ({ bytes }) => {
    return bytes > 2.5 * SEGMENT_BYTES;
  });
  sender.kill("SIGKILL");
  await bob.program.event("interrupted");
  const again = await scene.send(["--again", transfer, "--missing", "--json"]);
  assert.equal(again.code, 0, again.stderr);
  assert.ok(eventsOf(again, "delivered")[0]!.resumedAt > 0);
  assert.deepEqual(await bob.received("big.bin"), sampleBytes(4 * SEGMENT_BYTES));
});

Deno.test("--again refuses what makes no sense, and what is not there any more", async () => {
  await using scene = await Scene.open();
  await using _bob = await Joiner.join(scene, "bob");
  for (const name of ["gone.txt", "other.txt"]) await scene.write(name, "content");
  const ids: string[] = [];
  for (const name of ["gone.txt", "other.txt"]) {
    const sent = await scene.send([name, "--peer", "bob", "--json"]);
    ids.push(eventsOf(sent, "delivered")[0]!.transfer);
  }
  const text = await scene.send(["--text", "hello", "--peer", "bob", "--json"]);
  ids.push(eventsOf(text, "delivered")[0]!.transfer);
  await Deno.remove(join(scene.files, "gone.txt"));
  await scene.write("other.txt", "other content");
  const wrong: [string[], number, RegExp][] = [
    [["--again", ids[0]!], 5, /no such file or folder/],
    [["--again", ids[1]!], 5, /cannot send ".*other.txt" again: it has changed since/],
    [["--again", ids[2]!], 5, /cannot send "message.txt" again: it did not come from a file/],
    [["--again", "0000"], 5, /no transfer "0000" was sent from here/],
    [["--again", "xyz"], 2, /"xyz" is not the id of a transfer/],
    [["--again", ids[0]!, "other.txt"], 2, /--again says already what is sent to whom/],
    [["--again", ids[0]!, "--peer", "bob"], 2, /--again says already/],
    [["--again", ids[0]!, "--all"], 2, /--again says already/],
    [["other.txt", "--missing"], 2, /--missing goes with --again/],
  ];
  for (const [args, code, message] of wrong) {
    const sent = await scene.send(args);
    assert.equal(sent.code, code, sent.stderr);
    assert.match(sent.stderr, message);
  }
});

Deno.test("status --cancel takes back what waits, from one or from all, and leaves what is there", async () => {
  await using scene = await Scene.open();
  await using bob = await Joiner.join(scene, "bob");
  for (const name of ["cy", "di"]) await (await Joiner.join(scene, name)).stop("SIGINT");
  await scene.write("wrong.txt", "for nobody");
  const people = ["bob", "cy", "di"].flatMap((name) => ["--peer", name]);
  const sent = await scene.send(["wrong.txt", ...people, "--json"]);
  const [{ transfer }] = eventsOf(sent, "delivered") as [Event];
  const cancel = (...args: string[]) => scene.status(["--cancel", transfer.slice(0, 12), ...args]);
  assert.equal((await cancel("--peer", "eve")).code, 4);
  assert.match((await cancel("--peer", "bob")).stderr, /there is nothing to take back/);
  const one = await cancel("--peer", "CY");
  assert.equal(one.code, 0);
  assert.match(one.stdout, /^ {2}withdrawn for cy: you have taken it back$/m);
  assert.match(one.stdout, /^ {2}waiting for di until /m);
  const states = eventsOf(await cancel("--json"), "transfer").map(({ state }) => state);
  assert.deepEqual(states, ["delivered", "withdrawn", "withdrawn"]);
  assert.equal((await cancel()).code, 4);
  assert.deepEqual(
    (await scene.hub.event("relayed", ({ state }) => state === "withdrawn")).to,
    "cy",
  );
  await scene.write("right.txt", "for cy");
  await scene.send(["right.txt", "--peer", "cy"]);
  await using cy = await Joiner.join(scene, "cy");
  await cy.received("right.txt");
  assert.deepEqual([cy.names(), bob.names()], [["right.txt"], ["wrong.txt"]]);
});

Deno.test("status --cancel takes nothing of others back, nor what is still being sent", async () => {
  await using scene = await Scene.open();
  await (await Joiner.join(scene, "bob")).stop("SIGINT");
  await scene.write("big.bin", sampleBytes(4 * SEGMENT_BYTES));
  await using _ = await scene.sending(["big.bin", "--peer", "bob", "--limit", "2MB/s"]);
  let transfer = "";
  await eventually(async () => {
    const [entry] = eventsOf(await scene.status(["--json"]), "transfer");
    transfer = entry!.transfer;
  });
  const cancel = (as: string) => scene.ask("status", ["--cancel", transfer], { as });
  assert.match((await cancel("ana")).stderr, /it is still being sent: stop that first/);
  const { code, stderr } = await cancel("eve");
  assert.deepEqual([code, /you have sent no transfer of id/.test(stderr)], [2, true]);
});

Deno.test("status shows the newest first, and with --last and --waiting fewer", async () => {
  await using scene = await Scene.open();
  await using _bob = await Joiner.join(scene, "bob");
  await (await Joiner.join(scene, "cy")).stop("SIGINT");
  for (const [name, ...peers] of [["a.txt", "bob", "cy"], ["b.txt", "bob"], ["c.txt", "bob"]]) {
    await scene.write(name!, name!);
    await scene.send([name!, ...peers.flatMap((peer) => ["--peer", peer])]);
  }
  const names = async (...args: string[]) =>
    eventsOf(await scene.status(["--json", ...args]), "transfer")
      .map(({ name, to }) => `${name} ${to}`);
  assert.deepEqual(await names(), ["c.txt bob", "b.txt bob", "a.txt bob", "a.txt cy"]);
  assert.deepEqual(await names("--last", "2"), ["c.txt bob", "b.txt bob"]);
  assert.deepEqual(await names("--waiting"), ["a.txt cy"]);
  assert.equal((await scene.status(["--last", "0"])).code, 2);
  assert.equal((await scene.status(["--peer", "bob"])).code, 2);
  assert.equal((await scene.status(["--cancel", "a", "--waiting"])).code, 2);
});
