import assert from "node:assert/strict";
import fc from "fast-check";
import { SpoolTotals } from "../../../src/hub/spool/spool_totals.ts";
import { SpooledTransfer } from "../../../src/hub/spool/spooled_transfer.ts";
import { TempDir } from "../../helpers/temp_dir.ts";
import { chunkOf, KEYS, relayOf, SALT } from "./spooled.ts";

const PEOPLE = ["ana", "bob", "cy"] as const;

Deno.test("SpoolTotals are those of a walk over all transfers, whatever has happened to them", async () => {
  const step = fc.tuple(
    fc.constantFrom("expect", "begin", "append", "pause", "conclude", "remove"),
    fc.nat(3),
    fc.constantFrom("bob", "cy"),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      await using dir = await TempDir.make();
      const totals = new SpoolTotals();
      const transfers = new Map<number, SpooledTransfer>();
      for (let i = 0; i < 4; i++) {
        const size = i === 0 ? null : i * 300_000;
        const relay = relayOf(i, { from: i < 2 ? "ana" : "cy", to: ["bob", "cy"], size });
        const transfer = new SpooledTransfer(
          dir.join(`${i}`),
          { ...relay, created: 1, until: 2 },
          (one) => totals.update(one),
        );
        totals.add(transfer);
        transfers.set(i, transfer);
        await transfer.create();
      }
      const begun = new Set<SpooledTransfer>();
      for (const [what, i, to] of steps) {
        const transfer = transfers.get(i);
        if (transfer === undefined) continue;
        if (what === "expect") transfer.upload.expect();
        if (what === "begin" && !begun.has(transfer)) {
          begun.add(transfer);
          await transfer.upload.begin(SALT);
        }
        if (what === "append" && begun.has(transfer)) await transfer.upload.append(chunkOf());
        if (what === "pause" && begun.delete(transfer)) await transfer.upload.pause();
        if (what === "conclude") await transfer.conclude({ to, code: "kind", sealed: null });
        if (what === "remove") {
          totals.remove(transfer);
          transfers.delete(i);
          await transfer.close(); // Tells of itself once more, and is not counted.
        }
        assertSame(totals, [...transfers.values()]);
      }
      for (const transfer of transfers.values()) await transfer.close();
    }),
    { numRuns: 20 },
  );
});

function assertSame(totals: SpoolTotals, transfers: SpooledTransfer[]) {
  const waiting = transfers.filter(({ isConcluded }) => !isConcluded);
  const sumOf = (some: SpooledTransfer[]) => ({
    bytes: some.reduce((sum, { upload }) => sum + upload.bytes, 0),
    transfers: some.length,
  });
  for (const name of PEOPLE) {
    const from = waiting.filter(({ relay }) => relay.from.key === KEYS[name]);
    assert.deepEqual(totals.ofSender(KEYS[name]), sumOf(from));
    const to = waiting.filter((transfer) => transfer.waiting.includes(name));
    assert.deepEqual(totals.ofRecipient(name), sumOf(to));
  }
  assert.equal(
    totals.bytesToCome,
    transfers.reduce((sum, { upload }) => sum + upload.bytesToCome, 0),
  );
}
