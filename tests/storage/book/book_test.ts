import assert from "node:assert/strict";
import fc from "fast-check";
import { type Account, Book, isNoRoom } from "../../../src/storage/book/book.ts";
import type { Entry } from "../../../src/storage/book/entry.ts";
import { FILE_BYTES, type Kept, type Price } from "../../../src/storage/book/price.ts";
import { fullOr } from "../../helpers/full_or.ts";

const QUOTA = 1_000_000;
const DISK = 3_000_000;

const accounts: Account[] = ["ana", "bo", "cy"].flatMap((key) => [
  { key, network: "10.0.0.1" },
  { key, network: "10.0.0.2", recipients: ["dan", "eve"] },
  { key, recipients: ["eve"] },
]);

const price = fc.record({
  bytes: fc.integer({ min: 0, max: 600_000 }),
  files: fc.integer({ min: 0, max: 40 }),
  items: fc.integer({ min: 0, max: 3 }),
});

const step = fc.record({
  what: fc.constantFrom("book", "restore", "change", "set", "release", "dispose"),
  kind: fc.constantFrom<Kept>("envelopes", "content", "part", "name"),
  account: fc.constantFrom(...accounts),
  at: fc.nat(20),
  price,
});

/** An entry, and what the test knows of it. */
interface Known {
  entry: Entry;
  account: Account;
  price: Price;
}

Deno.test("Book is the sum of what is kept, and nothing is booked over a bound", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const book = new Book({ quotaBytes: QUOTA, diskBytes: DISK });
      const kept: Known[] = [];
      for (const { what, kind, account, at, price } of steps) {
        const known = kept[at % Math.max(1, kept.length)];
        if (what === "book") {
          const entry = book.book(kind, account, { price });
          if (isNoRoom(entry)) assert.match(entry.reason, / left| more can be/);
          else kept.push({ entry, account, price });
          if (!isNoRoom(entry)) assertWithin(kept, kept.at(-1)!);
        } else if (what === "restore") {
          kept.push({ entry: book.restore(kind, account, { price }), account, price });
        } else if (known !== undefined) {
          if (what === "change" && known.entry.change(price) === undefined) {
            const grows = price.bytes > known.price.bytes;
            known.price = price;
            if (grows) assertWithin(kept, known);
          }
          if (what === "set") known.entry.set(known.price = price);
          if (what === "release") {
            known.entry.release("eve");
            const recipients = known.account.recipients?.filter((name) => name !== "eve");
            known.account = { ...known.account, recipients };
          }
          if (what === "dispose") kept.splice(kept.indexOf(known), 1)[0]!.entry[Symbol.dispose]();
        }
        assertSums(book, kept);
      }
      for (const { entry } of kept.splice(0)) entry[Symbol.dispose]();
      assertSums(book, []);
    }),
    { numRuns: fullOr(2_000, 200) },
  );
});

/** What grew is within each bound of its account. */
function assertWithin(kept: Known[], { account }: Known) {
  const { key, network, recipients = [] } = account;
  assert.ok(sum(kept, (one) => one.account.key === key).bytes <= QUOTA, "of one key");
  for (const name of recipients) {
    assert.ok(sum(kept, (one) => one.account.recipients?.includes(name)).bytes <= QUOTA, name);
  }
  assert.ok(onDisk(sum(kept, () => true)) <= DISK, "in all");
  if (network === undefined) return;
  const ofNetwork = sum(kept, (one) => one.account.network === network);
  assert.ok(onDisk(ofNetwork) <= DISK / 2, "of one network");
}

function assertSums(book: Book, kept: Known[]) {
  const { bytes, files } = sum(kept, () => true);
  assert.deepEqual([book.all.bytes, book.all.files], [bytes, files]);
  for (const key of ["ana", "bo", "cy"]) {
    const ofKey = sum(kept, ({ account }) => account.key === key).bytes;
    assert.equal(book.left({ key }), Math.max(0, Math.min(QUOTA - ofKey, DISK - book.all.onDisk)));
  }
}

function sum(kept: Known[], isOf: (one: Known) => boolean | undefined) {
  const prices = kept.filter(isOf).map(({ price }) => price);
  return {
    bytes: prices.reduce((all, { bytes }) => all + bytes, 0),
    files: prices.reduce((all, { files }) => all + files, 0),
  };
}

function onDisk({ bytes, files }: { bytes: number; files: number }): number {
  return bytes + files * FILE_BYTES;
}

Deno.test("Book says which bound is reached, its value and what is left", () => {
  const book = new Book({ quotaBytes: 10_000, diskBytes: 100_000 });
  const one = { items: 1, files: 1 };
  book.restore("content", { key: "ana", recipients: ["bo"] }, { price: { ...one, bytes: 9_000 } });
  const reason = (account: Account, price: Partial<Price>, kind: Kept = "content") => {
    const booked = book.book(kind, account, { price: { bytes: 0, ...one, ...price } });
    return isNoRoom(booked) ? `${booked.code}: ${booked.reason}` : "booked";
  };
  assert.deepEqual([
    reason({ key: "ana" }, { bytes: 1_001 }),
    reason({ key: "cy", recipients: ["bo"] }, { bytes: 1_001 }),
    reason({ key: "cy" }, { files: 65 }),
    reason({ key: "cy" }, { items: 17 }, "name"),
  ], [
    "quota: no room: 1,001 B needed, the quota has 1,000 B left (of 10.0 KB)",
    'quota: no room: 1,001 B needed, the mailbox of "bo" has 1,000 B left (of 10.0 KB)',
    "quota: no room: 65 files and folders needed, the quota has 64 left (64 in 10.0 KB)",
    "quota: no room: at most 16 names of one sender are kept, 16 more can be",
  ]);
  book.restore("part", { network: "10.0.0.1" }, { price: { ...one, bytes: 45_000 } });
  assert.deepEqual([
    reason({ key: "cy", network: "10.0.0.1" }, { bytes: 1_000 }),
    reason({ key: "cy" }, { bytes: 9_999, files: 10 }),
  ], [
    "quota: no room: 1.0 KB needed, the share of one network has 0 B left (of 50.0 KB)",
    "space: no room: 10.0 KB needed, the hub has 0 B left (of 100 KB)",
  ]);
});

Deno.test("Book tries again where something could be given back", async () => {
  const book = new Book({ quotaBytes: 1_000 });
  const price = { bytes: 1_000, files: 1, items: 1 };
  const old = book.restore("envelopes", { key: "ana" }, { price });
  const attempt = () => book.book("content", { key: "ana" }, { price });
  assert.ok(isNoRoom(await book.withRoom({ key: "ana" }, attempt)));
  const asked: Account[] = [];
  book.onFull((account) => {
    asked.push(account);
    old[Symbol.dispose]();
    return Promise.resolve(asked.length === 1);
  });
  assert.ok(!isNoRoom(await book.withRoom({ key: "ana" }, attempt)));
  assert.ok(isNoRoom(await book.withRoom({ key: "ana" }, attempt)));
  assert.deepEqual(asked, [{ key: "ana" }, { key: "ana" }]);
});
