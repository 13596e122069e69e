import assert from "node:assert/strict";
import fc from "fast-check";
import { P2pError } from "../src/errors.ts";
import {
  formatBytes,
  formatDuration,
  formatRate,
  parseDuration,
  parseRate,
  parseSize,
} from "../src/units.ts";

Deno.test("formatBytes shows up to three digits in units of 1000", () => {
  const shown: [number, string][] = [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 KB"],
    [1049, "1.0 KB"],
    [99_949, "99.9 KB"],
    [99_950, "100 KB"],
    [999_499, "999 KB"],
    [999_500, "1.0 MB"],
    [4_300_000, "4.3 MB"],
    [2e9, "2.0 GB"],
    [1.5e12, "1.5 TB"],
    [Number.MAX_SAFE_INTEGER, "9.0 PB"],
    [1e18, "1000 PB"],
  ];
  for (const [bytes, text] of shown) assert.equal(formatBytes(bytes), text);
});

Deno.test("formatRate takes fractions of a byte", () => {
  assert.equal(formatRate(0.4), "0 B/s");
  assert.equal(formatRate(999.7), "1.0 KB/s");
  assert.equal(formatRate(5e6), "5.0 MB/s");
});

Deno.test("formatDuration shows the two largest units and carries what rounding adds", () => {
  const shown: [number, string][] = [
    [0, "0 ms"],
    [3.2, "3 ms"],
    [999.4, "999 ms"],
    [999.6, "1 s"],
    [1234, "1.2 s"],
    [9_949, "9.9 s"],
    [9_960, "10 s"],
    [12_345, "12 s"],
    [59_499, "59 s"],
    [59_500, "1 min 00 s"],
    [125_000, "2 min 05 s"],
    [3_599_499, "59 min 59 s"],
    [3_599_500, "1 h 00 min"],
    [3_720_000, "1 h 02 min"],
    [86_370_000, "1 d 00 h"],
    [86_400_000 * 3 + 4 * 3_600_000, "3 d 04 h"],
  ];
  for (const [ms, text] of shown) assert.equal(formatDuration(ms), text);
});

Deno.test("parseSize reads decimal and binary units in any case", () => {
  const sizes: [string, number][] = [
    ["0", 0],
    ["1024", 1024],
    ["12 B", 12],
    ["500 kB", 500_000],
    ["500K", 500_000],
    ["2GB", 2_000_000_000],
    ["1.1kb", 1100],
    ["1.5MiB", 1_572_864],
    ["1gib", 1_073_741_824],
    ["2T", 2_000_000_000_000],
    [" 9PB ", 9e15],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
  ];
  for (const [text, bytes] of sizes) assert.equal(parseSize(text), bytes, text);
});

Deno.test("parseSize refuses nonsense, negative numbers and more than 2^53-1, with a hint", () => {
  const texts = ["", "GB", "-1", "1e9", "1,5GB", "0x10", "2 i", "1.MB", ".5MB", "2GBB", "2 GB x"];
  for (const text of [...texts, "NaN", "Infinity", "9007199254740992", "10PB", "1\n2"]) {
    assertUsage(() => parseSize(text), `cannot read size "${text}"`);
  }
});

Deno.test("parseSize reads what formatBytes shows", () => {
  fc.assert(fc.property(fc.maxSafeNat(), (bytes) => {
    const read = parseSize(formatBytes(bytes));
    assert.ok(Math.abs(read - bytes) <= bytes * 0.05);
  }));
});

Deno.test("parseRate reads a size a second, with or without /s", () => {
  assert.equal(parseRate("5MB/s"), 5_000_000);
  assert.equal(parseRate("500 kB / s"), 500_000);
  assert.equal(parseRate("1MiB"), 1_048_576);
});

Deno.test("parseRate refuses zero and nonsense, and says rate", () => {
  for (const text of ["0", "0MB/s", "0.1", "fast", "5MB/h", "/s"]) {
    assertUsage(() => parseRate(text), `cannot read rate "${text}"`);
  }
});

Deno.test("parseDuration reads one or several numbers with units", () => {
  const durations: [string, number][] = [
    ["500ms", 500],
    ["60s", 60_000],
    ["10m", 600_000],
    ["10 min", 600_000],
    ["1h30m", 5_400_000],
    ["1h 30 min", 5_400_000],
    ["1.5h", 5_400_000],
    ["7d", 604_800_000],
    ["2W", 1_209_600_000],
    ["0s", 0],
  ];
  for (const [text, ms] of durations) assert.equal(parseDuration(text), ms, text);
});

Deno.test("parseDuration refuses a number without unit and nonsense, with a hint", () => {
  for (const text of ["", "60", "1h30", "-5s", "s", "5 years", "1..5s", "99999999999999999d"]) {
    assertUsage(() => parseDuration(text), `cannot read duration "${text}"`);
  }
});

function assertUsage(run: () => unknown, message: string): void {
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof P2pError);
    assert.equal(error.code, "usage");
    assert.equal(error.message, message);
    return error.hint?.startsWith("write ");
  });
}
