import assert from "node:assert/strict";
import { checkedHubName, hostAddressOf } from "../../src/names/hub_name.ts";

Deno.test("checkedHubName takes a word, and nothing that could be an address or a code", () => {
  for (const name of ["rack", "Küche", "office-2", "a", "x".repeat(32)]) {
    assert.equal(checkedHubName(name), name);
  }
  assert.equal(checkedHubName("Ku\u0308che"), "Küche");
  const refused = ["", "localhost", "LOCALHOST", "127", "0x7f", "10.0.0.1", "::1", "rack:8080"];
  refused.push(
    "hub.example.org",
    "7-cross-clock-zebra",
    "-t",
    "@design",
    "a b",
    "a/b",
    "a\u001b",
  );
  refused.push("x".repeat(33));
  for (const name of refused) {
    assert.throws(() => checkedHubName(name), { code: "usage", hint: /one word/ }, name);
  }
});

Deno.test("hostAddressOf knows what is a host, and what is none", async () => {
  assert.match((await hostAddressOf("localhost"))!, /^(127\.0\.0\.1|::1)$/);
  assert.equal(await hostAddressOf("nobody.invalid"), undefined);
});
