import assert from "node:assert/strict";
import { Connections, MAX_SESSIONS_OF_KEY } from "../../src/hub/connections.ts";
import { encodeKey } from "../../src/secure/static_key.ts";
import type { Connection } from "../../src/transport/connection.ts";

const connection = () => ({}) as Connection;

function crowd() {
  const connections = new Connections();
  const come = (network: string, key?: string, times = 1) =>
    Array.from({ length: times }, () => {
      const conn = connection();
      connections.add(conn, network);
      if (key !== undefined) connections.belongsTo(conn, keyOf(key));
      return conn;
    });
  return { connections, come };
}

/** The ids of people are of no matter here but that they differ. */
const keyOf = (name: string) => encodeKey(new Uint8Array(32).fill(name.charCodeAt(0)));

Deno.test("Connections gives up the newest of the most crowded key of the most crowded network", () => {
  const { connections, come } = crowd();
  for (const key of "ghijklmnop") come("lab", key);
  come("office", "ana");
  come("home", "eve", 8);
  come("office", "cy", 8);
  come("home", "bo");
  come("home", undefined);
  assert.equal(connections.mostCrowding(), undefined, "eight of a key are no crowd");
  const [ninth] = come("home", "eve");
  come("home", "di", 3);
  come("office", "di");
  assert.equal(connections.mostCrowding(), ninth);
});

Deno.test("many keys of one network are a crowd where it has more than all others together", () => {
  const { connections, come } = crowd();
  for (const key of "abcde") come("home", key);
  assert.equal(connections.mostCrowding(), undefined, "there are no others");
  come("office", "ana", 5);
  assert.equal(connections.mostCrowding(), undefined);
  const [newest] = come("home", "f");
  assert.equal(connections.mostCrowding(), newest);
});

Deno.test("Connections takes no more of one key than it may have, and as many of others", () => {
  const connections = new Connections();
  const come = (key: string) => {
    const conn = connection();
    connections.add(conn, "home");
    return { conn, isTaken: connections.belongsTo(conn, keyOf(key)) };
  };
  const taken = Array.from({ length: MAX_SESSIONS_OF_KEY }, () => come("eve"));
  assert.ok(taken.every(({ isTaken }) => isTaken));
  assert.equal(come("eve").isTaken, false);
  assert.equal(come("ana").isTaken, true);
});

Deno.test("a connection that has gone meanwhile is not counted for its key", () => {
  const connections = new Connections();
  const conn = connection();
  connections.add(conn, "home");
  connections.delete(conn);
  assert.equal(connections.belongsTo(conn, keyOf("ana")), true);
  assert.equal(connections.size, 0);
  assert.equal(connections.mostCrowding(), undefined);
});
