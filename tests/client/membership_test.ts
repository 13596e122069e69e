import assert from "node:assert/strict";
import { openServer } from "../helpers/hub_server.ts";
import { Member, ofType } from "../helpers/member.ts";
import { TempDir } from "../helpers/temp_dir.ts";

Deno.test("Membership tells that it is joined, and who comes and goes", async () => {
  await using dir = await TempDir.make();
  const { server } = await openServer(dir);
  {
    await using ana = await Member.join(server.address, { name: "ana" });
    assert.deepEqual(ana.events.all.map(({ type }) => type), ["pinned", "connected", "joined"]);
    const joined = { hub: "the hub", you: "ana", isKept: true, others: 0, names: [] };
    assert.deepEqual(ana.events.all[2], { type: "joined", ...joined });
    {
      await using bob = await Member.join(server.address, { name: "bob" });
      assert.equal((await bob.events.find(ofType("joined"))).others, 1);
      const { type, ...person } = await ana.events.find(ofType("person"));
      assert.equal(type, "person");
      const { id: key } = bob.client.identity.keyPair;
      assert.deepEqual(person, { name: "bob", key, state: "joined" });
    }
    assert.equal((await ana.events.find(ofType("person"), 1)).state, "left");
  }
  await server.close();
});

Deno.test("Membership comes back to a hub that was away, and tells the pause before", async () => {
  await using dir = await TempDir.make();
  const { server } = await openServer(dir);
  const { address } = server;
  await using ana = await Member.join(address, { name: "ana" });
  await server.close();
  const lost = await ana.events.find(ofType("lost"));
  assert.equal(lost.while, "joined");
  assert.match(lost.error.message, /the hub is stopping/);
  assert.ok(lost.pauseMs > 0);
  const again = await openServer(dir, { address });
  assert.equal((await ana.events.find(ofType("joined"), 1)).hub, "the hub");
  await again.server.close();
});

Deno.test("Membership ends where the hub refuses, or was never there", async () => {
  await using dir = await TempDir.make();
  const { server } = await openServer(dir);
  await using ana = await Member.join(server.address, { name: "ana" });
  await assert.rejects(Member.join(server.address, { name: "Ana" }), {
    code: "refused",
    message: /belongs to somebody else here/,
  });
  // The same person from somewhere else takes the place.
  const { identity } = ana.client;
  await using _ = await Member.join(server.address, { name: "ana", identity });
  await assert.rejects(ana.staying, { code: "refused", message: /joined from somewhere else/ });
  await server.close();
  await assert.rejects(Member.join(server.address, { name: "bob" }), { code: "connection" });
});
