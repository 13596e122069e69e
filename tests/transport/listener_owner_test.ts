import assert from "node:assert/strict";
import { isOwnListener, listenersAt } from "../../src/transport/listener_owner.ts";
import { hasTool } from "../helpers/has_tool.ts";

const TABLE =
  `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:985D 01 00000000:00000000 00:00000000 00000000    33        0 2 1 0 100 0 0 10 0
   2: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3 1
   3: 0100007F:01F9 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1001        0 4 1 0 100 0 0 10 0
`;

Deno.test("listenersAt finds who listens on a port, on any address, and nobody who is connected", () => {
  assert.deepEqual(listenersAt(8080, TABLE), [1000, 0]);
  assert.deepEqual(listenersAt(505, TABLE), [1001]);
  assert.deepEqual(listenersAt(80, TABLE), []);
  assert.deepEqual(listenersAt(80, ""), []);
});

Deno.test({
  name: "isOwnListener tells a socket of this user from one of another, and from none",
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0 || !await hasTool("nc", "-h"),
}, async () => {
  using own = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = own.addr as Deno.NetAddr;
  assert.equal(await isOwnListener({ host: "127.0.0.1", port }), true);
  own.close();
  assert.equal(await isOwnListener({ host: "127.0.0.1", port }), false);
  const args = ["-lv", "-s", "127.0.0.1", "-p", String(port)];
  const child = new Deno.Command("nc", { args, uid: 65_534, stderr: "piped", stdin: "null" });
  await using other = child.spawn();
  const said = other.stderr.getReader();
  await said.read(); // It says that it listens.
  assert.equal(await isOwnListener({ host: "127.0.0.1", port }), false);
  other.kill();
  await said.cancel();
});
