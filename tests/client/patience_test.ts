import assert from "node:assert/strict";
import { P2pError } from "../../src/errors.ts";
import { Patience, unlessBusy } from "../../src/client/patience.ts";

Deno.test("Patience gives growing pauses until it is over, and begins anew where something moved", () => {
  const patience = new Patience(60_000);
  assert.deepEqual([patience.next(), patience.next(), patience.next()], [500, 1_000, 2_000]);
  patience.moved();
  assert.equal(patience.next(), 500);
});

Deno.test("Patience ends before a pause that would be too long", () => {
  const patience = new Patience(600);
  assert.equal(patience.next(), 500);
  assert.equal(patience.next(), undefined);
  assert.equal(new Patience(0).next(), undefined);
});

Deno.test("unlessBusy does it again while there is no place, and no longer than it may", async () => {
  const { signal } = new AbortController();
  const busy = new P2pError("refused", "no place", { detail: "busy" });
  let tries = 0;
  const once = () => ++tries === 1 ? Promise.reject(busy) : Promise.resolve("done");
  assert.equal(await unlessBusy(once, { giveUpMs: 60_000, signal }), "done");
  const never = () => Promise.reject(busy);
  await assert.rejects(unlessBusy(never, { giveUpMs: 0, signal }), busy);
  const refused = () => Promise.reject(new P2pError("refused", `${++tries}`));
  await assert.rejects(unlessBusy(refused, { giveUpMs: 60_000, signal }), /3/);
});
