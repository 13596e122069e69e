import assert from "node:assert/strict";
import { hasIPv6 } from "../helpers/has_ipv6.ts";
import { dial } from "../../src/transport/dial.ts";

const { signal } = new AbortController();

Deno.test("dial connects", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [conn, accepted] = await Promise.all([
    dial({ host: "127.0.0.1", port: listener.addr.port }, { signal }),
    listener.accept(),
  ]);
  conn.close();
  accepted.close();
});

Deno.test({
  name: "dial finds what listens on either family of localhost",
  ignore: !hasIPv6,
}, async () => {
  for (const hostname of ["127.0.0.1", "::1"]) {
    using listener = Deno.listen({ hostname, port: 0 });
    const [conn, accepted] = await Promise.all([
      dial({ host: "LocalHost", port: listener.addr.port }, { signal }),
      listener.accept(),
    ]);
    assert.equal(conn.remoteAddress.host, hostname);
    conn.close();
    accepted.close();
  }
});

Deno.test("dial names the address and the cause where nobody listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await assert.rejects(dial({ host: "127.0.0.1", port }, { signal }), {
    code: "connection",
    message: `cannot connect to 127.0.0.1:${port}: connection refused`,
    hint: /p2p serve/,
  });
});

Deno.test("dial says so where a name is not known", async () => {
  await assert.rejects(dial({ host: "no-such-host.invalid", port: 1 }, { signal }), {
    code: "connection",
    message: "cannot connect to no-such-host.invalid:1: the host name is not known",
    hint: "check how the name is written, or take the IP address",
  });
});

Deno.test("dial throws the reason of its signal", async () => {
  const reason = new Error("stop");
  const address = { host: "127.0.0.1", port: 1 };
  await assert.rejects(
    dial(address, { signal: AbortSignal.abort(reason) }),
    (error) => error === reason,
  );
});
