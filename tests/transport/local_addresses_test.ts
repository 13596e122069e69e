import assert from "node:assert/strict";
import { isLocalAddress } from "../../src/transport/local_addresses.ts";

Deno.test("isLocalAddress knows the addresses of this machine's interfaces, and no others", () => {
  assert.equal(isLocalAddress("127.0.0.1"), true);
  assert.equal(isLocalAddress("192.0.2.1"), false, "an address for documentation");
});
