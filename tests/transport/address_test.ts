import assert from "node:assert/strict";
import { formatAddress, isLoopback, parseAddress, parsePort } from "../../src/transport/address.ts";

Deno.test("parseAddress reads what a person types", () => {
  const table: [string, string, number][] = [
    ["", "127.0.0.1", 8080],
    [":9000", "127.0.0.1", 9000],
    ["localhost", "localhost", 8080],
    ["hub.example.org:1", "hub.example.org", 1],
    ["192.168.1.20:65535", "192.168.1.20", 65535],
    ["[::1]", "::1", 8080],
    ["[::1]:0", "::1", 0],
    ["::1", "::1", 8080],
    ["fe80::1%eth0", "fe80::1%eth0", 8080],
    ["[2001:db8::1]:443", "2001:db8::1", 443],
    ["münchen-5.local:8081", "münchen-5.local", 8081],
  ];
  for (const [text, host, port] of table) {
    assert.deepEqual(parseAddress(text), { host, port }, text);
  }
});

Deno.test("parseAddress refuses what is no address, as usage", () => {
  const bad = [
    "host:",
    "host:x",
    "host:-1",
    "host:65536",
    "host:1e3",
    "host:80:90",
    "1.2.3.4:5:6",
    "a b",
    "a/b",
    "http://h",
  ]
    .concat([
      "[]",
      "[]:80",
      "[::1",
      "::1]",
      "[::1]80",
      "[::1]:",
      "[1.2.3.4]:80",
      "[a:b]",
      "h\n",
      "x".repeat(254),
      "h\u202e",
    ]);
  for (const text of bad) {
    assert.throws(() => parseAddress(text), { code: "usage" }, JSON.stringify(text));
  }
});

Deno.test("formatAddress is read back by parseAddress", () => {
  for (
    const address of [{ host: "::1", port: 1 }, { host: "h", port: 8080 }, {
      host: "10.0.0.1",
      port: 65535,
    }]
  ) {
    assert.deepEqual(parseAddress(formatAddress(address)), address);
  }
});

Deno.test("parsePort takes 0 to 65535", () => {
  assert.deepEqual(["0", "80", "65535"].map((text) => parsePort(text)), [0, 80, 65535]);
  for (const text of ["", "65536", "-1", "1.5", " 1", "0x10", "123456"]) {
    assert.throws(() => parsePort(text), { code: "usage" }, text);
  }
});

Deno.test("isLoopback knows what cannot be reached from elsewhere", () => {
  for (
    const host of ["localhost", "LocalHost", "127.0.0.1", "127.9.8.7", "::1", "::ffff:127.0.0.1"]
  ) {
    assert.ok(isLoopback(host), host);
  }
  for (
    const host of [
      "0.0.0.0",
      "::",
      "128.0.0.1",
      "127.999.0.1",
      "127.0.0.1.example.org",
      "localhost.org",
      "10.0.0.1",
    ]
  ) {
    assert.ok(!isLoopback(host), host);
  }
});
