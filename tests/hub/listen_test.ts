import assert from "node:assert/strict";
import { listen } from "../../src/hub/listen.ts";
import { hasIPv6 } from "../helpers/has_ipv6.ts";

Deno.test({
  name: "listen takes the same port of both families of localhost",
  ignore: !hasIPv6,
}, () => {
  const { listeners, address, trouble } = listen({ host: "localhost", port: 0 });
  const addresses = listeners.map(({ addr }) => (addr as Deno.NetAddr).hostname);
  const ports = listeners.map(({ addr }) => (addr as Deno.NetAddr).port);
  for (const listener of listeners) listener.close();
  assert.deepEqual(addresses, ["127.0.0.1", "::1"]);
  assert.deepEqual(ports, [address.port, address.port]);
  assert.deepEqual([address.host, trouble], ["127.0.0.1", undefined]);
});

Deno.test({
  name: "listen says that another program has the other family, and takes what is there",
  ignore: !hasIPv6,
}, () => {
  using stranger = Deno.listen({ hostname: "::1", port: 0 });
  const { port } = stranger.addr as Deno.NetAddr;
  const { listeners, trouble } = listen({ host: "localhost", port });
  for (const listener of listeners) listener.close();
  assert.equal(listeners.length, 1);
  assert.match(
    trouble ?? "",
    new RegExp(`^another program listens on \\[::1\\]:${port}: .*--port`),
  );
});

Deno.test("listen takes the one address that is asked for, and says why it cannot", () => {
  const { listeners: [listener, ...more], address: { port } } = listen({
    host: "127.0.0.1",
    port: 0,
  });
  using _ = listener;
  assert.deepEqual(more, []);
  for (const host of ["127.0.0.1", "localhost"]) {
    assert.throws(() => listen({ host, port }), {
      code: "local",
      message: new RegExp(`^cannot listen on 127\\.0\\.0\\.1:${port}: `),
      hint: /--port 0/,
    });
  }
});
