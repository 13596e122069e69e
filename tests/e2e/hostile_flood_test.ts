import assert from "node:assert/strict";
import { eventually } from "../helpers/eventually.ts";
import { Scene } from "./scene.ts";

/** Sockets of each kind in a flood: as many as this process and the hub may open files for. */
const FLOOD = 1_000;

Deno.test("a newcomer gets in while 1,000 say nothing and 1,000 a byte at a time", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  const [idle, slow] = [await dial(scene.port, FLOOD), await dial(scene.port, FLOOD)];
  const stop = new AbortController();
  const trickling = trickle(slow, stop.signal);
  try {
    for (const as of ["first", "second"]) {
      const from = performance.now();
      const { code, stderr } = await scene.send(["a.txt"], { as });
      assert.equal(code, 0, stderr);
      // Those who say nothing are dropped after ten seconds; nobody has to wait for that.
      assert.ok(performance.now() - from < 6_000, `${performance.now() - from} ms`);
    }
  } finally {
    stop.abort();
    await trickling;
    hangUp([...idle, ...slow]);
  }
  assert.deepEqual(scene.names(), ["a (1).txt", "a.txt"]);
});

Deno.test({
  name: "2,000 connections leave no open file behind",
  ignore: Deno.build.os !== "linux",
}, async () => {
  await using scene = await Scene.open();
  const before = await openFiles(scene.hub.pid);
  for (let i = 0; i < 20; i++) hangUp(await dial(scene.port, 100));
  await eventually(async () => assert.ok(await openFiles(scene.hub.pid) <= before));
  await scene.write("a.txt", "a");
  assert.equal((await scene.send(["a.txt"])).code, 0);
});

const hasPrlimit = await new Deno.Command("prlimit", { args: ["--version"] }).output().then(
  ({ success }) => success,
  () => false,
);

Deno.test({
  name: "a hub that may open 64 files serves on when they are used up",
  ignore: !hasPrlimit, // No prlimit on this machine.
}, async () => {
  await using scene = await Scene.open({
    plain: true,
    hub: { through: ["prlimit", "--nofile=64"] },
  });
  await scene.write("a.txt", "a");
  const crowd = await dial(scene.port, 200);
  await scene.hub.errorLine("cannot accept a connection: ");
  hangUp(crowd);
  const { code, stderr } = await scene.send(["a.txt"]);
  assert.equal(code, 0, stderr);
  assert.doesNotMatch((await scene.stopHub("SIGINT")).stderr, /^ {4}at /m);
});

async function dial(port: number, count: number): Promise<Deno.TcpConn[]> {
  const connect = () => Deno.connect({ hostname: "127.0.0.1", port });
  const conns: Deno.TcpConn[] = [];
  // No more at once than wait in the queue of a listener.
  while (conns.length < count) {
    conns.push(
      ...await Promise.all(Array.from({ length: Math.min(100, count - conns.length) }, connect)),
    );
  }
  return conns;
}

/** Sends the first byte of a good preamble over and over, to each that still listens. */
async function trickle(conns: Deno.TcpConn[], signal: AbortSignal): Promise<void> {
  const byte = new TextEncoder().encode("P");
  while (!signal.aborted) {
    await Promise.all(conns.map((conn) => conn.write(byte).catch(() => {})));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function hangUp(conns: Deno.TcpConn[]): void {
  for (const conn of conns) conn.close();
}

async function openFiles(pid: number): Promise<number> {
  return (await Array.fromAsync(Deno.readDir(`/proc/${pid}/fd`))).length;
}
