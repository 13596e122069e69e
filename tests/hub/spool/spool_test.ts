import assert from "node:assert/strict";
import { chunkOf } from "../../helpers/chunks.ts";
import { Spool } from "../../../src/hub/spool/spool.ts";
import { Book } from "../../../src/storage/book/book.ts";
import { TempDir } from "../../helpers/temp_dir.ts";
import { shiftWallClock } from "../../helpers/wall_clock.ts";
import { ENVELOPE_BYTES, KEYS, SALT, TestSpool } from "./spooled.ts";

Deno.test("Spool never promises the same room twice, however many ask at once", async () => {
  await using dir = await TempDir.make();
  const quotaBytes = 3 * (1_000 + ENVELOPE_BYTES);
  await using scene = await TestSpool.open(dir.path, { quotaBytes });
  const asked = Array.from({ length: 10 }, (_, i) => scene.admit(i, { size: 1_000 }));
  const admitted = await Promise.allSettled(asked);
  assert.equal(admitted.filter(({ status }) => status === "fulfilled").length, 3);
});

Deno.test("Spool has a quota for each sender and for each receiver", async () => {
  await using dir = await TempDir.make();
  const quotaBytes = 400_000;
  await using scene = await TestSpool.open(dir.path, { quotaBytes });
  await scene.store(1, { size: 200_000 });
  await assert.rejects(
    scene.admit(2, { to: ["cy"], size: 140_000 }),
    /^Error: quota: no room: 140 KB needed, the quota has .* left \(of 400 KB\)$/,
  );
  await assert.rejects(
    scene.admit(3, { from: "cy", to: ["ana", "bob"], size: 140_001 }),
    /^Error: quota: no room: 140 KB needed, the mailbox of "bob" has .* left \(of 400 KB\)$/,
  );
  await scene.admit(4, { from: "cy", to: ["ana"], size: quotaBytes - ENVELOPE_BYTES });
});

Deno.test("Spool has room again for what was concluded, and for what does not come", async () => {
  await using dir = await TempDir.make();
  await using scene = await TestSpool.open(dir.path, { quotaBytes: 300_000 });
  const stored = await scene.store(1, { size: 200_000 });
  await assert.rejects(scene.admit(2, { size: 200_000 }));
  await scene.spool.conclude(stored, { to: "bob", code: "kind", sealed: null });
  const size = 300_000 - 3 * ENVELOPE_BYTES;
  const cut = await scene.admit(3, { size });
  await cut.upload.pause(); // Declared, and never sent: nobody's mailbox is full of that.
  const declared = await scene.admit(4, { size });
  await declared.upload.pause();
});

Deno.test("Spool.noRoom stops what grows beyond what was declared", async () => {
  await using dir = await TempDir.make();
  await using scene = await TestSpool.open(dir.path, { quotaBytes: 600_000 });
  const stream = await scene.admit(1, { size: null });
  await stream.upload.begin(SALT);
  await stream.upload.append(chunkOf());
  assert.equal(scene.spool.noRoom(stream, 2 * 262_160), undefined);
  await stream.upload.append(chunkOf());
  assert.equal(scene.spool.noRoom(stream, 3 * 262_160)?.code, "quota");
});

Deno.test("Spool keeps the order in which transfers came, also over a restart", async () => {
  await using dir = await TempDir.make();
  const numbers = [5, 3, 9, 1, 7, 2];
  {
    await using scene = await TestSpool.open(dir.path);
    await Promise.all(numbers.map((number) => scene.store(number)));
  }
  await using scene = await TestSpool.open(dir.path);
  const waiting = scene.spool.waitingFor({ name: "bob", key: KEYS.bob });
  assert.deepEqual(waiting.map(({ relay }) => parseInt(relay.transfer, 16)), numbers);
  assert.deepEqual(scene.spool.waitingFor({ name: "bob", key: KEYS.cy }), [], "for another key");
  assert.equal(scene.spool.countWaiting("bob"), numbers.length);
});

Deno.test("Spool ends what has waited too long, tells it, and forgets it later", async () => {
  await using dir = await TempDir.make();
  const expired: string[] = [];
  const onOutcome = (_: unknown, { to, code }: { to: string; code: string }) =>
    void expired.push(`${code} for ${to}`);
  await using scene = await TestSpool.open(dir.path, { keepMs: 1, onOutcome });
  const transfer = await scene.store(1, { to: ["bob", "cy"] });
  const serving = transfer.serve("cy");
  while (Date.now() <= transfer.relay.until + 2) await new Promise((done) => setTimeout(done, 1));
  await scene.spool.sweep();
  assert.deepEqual(expired, ["expired for bob"], "what is under way is not ended");
  assert.equal(scene.spool.find(KEYS.ana, transfer.relay.transfer), transfer);
  serving[Symbol.dispose]();
  await scene.spool.sweep();
  assert.deepEqual(expired, ["expired for bob", "expired for cy"]);
  assert.equal(scene.spool.find(KEYS.ana, transfer.relay.transfer), undefined);
  assert.deepEqual([...Deno.readDirSync(dir.join("spool"))], []);
});

for (const days of [1, -1]) {
  Deno.test(`Spool keeps all it has, and for as long, when the clock jumps by ${days} days`, async () => {
    await using dir = await TempDir.make();
    await using scene = await TestSpool.open(dir.path, { keepMs: 3_600_000 });
    const before = await scene.store(1);
    using _ = shiftWallClock(days * 86_400_000);
    const behind = await scene.store(2);
    await scene.spool.sweep();
    assert.deepEqual(scene.spool.waitingFor({ name: "bob", key: KEYS.bob }), [before, behind]);
    for (const { msLeft } of [before, behind]) {
      assert.ok(msLeft > 3_500_000 && msLeft <= 3_600_000, `${msLeft}`);
    }
  });
}

Deno.test("Spool.giveUp gives everybody an outcome who has none", async () => {
  await using dir = await TempDir.make();
  await using scene = await TestSpool.open(dir.path);
  const transfer = await scene.store(1, { to: ["bob", "cy"] });
  await scene.spool.conclude(transfer, { to: "bob", code: "delivered", sealed: "x" });
  await scene.spool.giveUp(transfer, "changed");
  const codes = [...transfer.outcomes.values()].map(({ code }) => code);
  assert.deepEqual(codes, ["delivered", "changed"]);
});

Deno.test("Spool throws away what is no transfer, and goes on", async () => {
  await using dir = await TempDir.make();
  {
    await using scene = await TestSpool.open(dir.path);
    await scene.store(1);
  }
  await Deno.mkdir(dir.join("spool", "empty"));
  await Deno.writeTextFile(dir.join("spool", "file"), "");
  await using scene = await TestSpool.open(dir.path);
  assert.equal(scene.spool.waitingFor({ name: "bob", key: KEYS.bob }).length, 1);
  assert.equal([...Deno.readDirSync(dir.join("spool"))].length, 1);
});

Deno.test("Spool belongs to one hub at a time", async () => {
  await using dir = await TempDir.make();
  const options = { keepMs: 1000, book: new Book() };
  {
    await using _ = await TestSpool.open(dir.path);
    await assert.rejects(Spool.open(dir.path, options), {
      code: "local",
      message: `cannot serve from "${dir.path}": another hub does`,
    });
  }
  await (await Spool.open(dir.path, options)).close();
});
