/**
 * `deno task bench --case NAME`: what a hub costs and how long people wait, in the terms of the bars that it was built
 * to. Everything runs on this machine: sender, hub and receivers share its cores.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DATA_HEADROOM_BYTES } from "../../src/protocol/channel.ts";
import { connect } from "../../src/protocol/connect.ts";
import type { Exchange } from "../../src/protocol/exchange.ts";
import type { OnOpen, Session } from "../../src/protocol/session.ts";
import { SEALED_CHUNK_BYTES } from "../../src/secure/sealed_stream.ts";
import { generateKeyPair } from "../../src/secure/x25519.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { Joiner } from "../e2e/joiner.ts";
import { eventsOf, programCommand } from "../e2e/program.ts";
import { Scene } from "../e2e/scene.ts";
import { formatBytes } from "../../src/ui/format.ts";
import { measure, median, usage } from "./measure.ts";

/** A case that prints its own figures. */
export interface HubCase {
  name: string;
  run: () => Promise<void>;
}

/** What is measured of a hub. */
export const hubCases: HubCase[] = [
  { name: "hub-broadcast", run: broadcast },
  { name: "hub-slow-reader", run: slowReader },
  { name: "hub-idle", run: idle },
  { name: "hub-first-byte", run: firstByte },
  { name: "hub-relay-cpu", run: relayCpu },
];

/** Longer than any case takes. */
const AT_MOST_MS = 3_600_000;
const HUB = { plain: true, hub: { atMostMs: AT_MOST_MS } };
const LONG_LIVED = { plain: true, atMostMs: AT_MOST_MS };

const RUNS = 3;
const IDLE_MS = 20_000;
const ROUNDS = 20;

/** 100 MB to 20 people who are joined, and to one: the sender's time. */
async function broadcast() {
  const bytes = 1e8;
  for (const wait of ["stored", "delivered"]) {
    const medians: number[] = [];
    for (const count of [1, 20]) {
      await using scene = await Scene.open(HUB);
      await writeFile(scene, bytes);
      const names = Array.from({ length: count }, (_, i) => `person ${i}`);
      await using _people = await Joiner.joinAll(scene, names, LONG_LIVED);
      const line = [...programCommand(), "send", "file", "--to", scene.to, "--name", "ana"];
      const seconds: number[] = [];
      const cpu: number[] = [];
      for (let i = 0; i <= RUNS; i++) {
        await new Deno.Command("sync").output();
        const sample = await measure([...line, "--all", "--wait", wait, "--quiet"], {
          cwd: scene.files,
          env: { P2P_HOME: await scene.home("ana") },
        });
        await settled(scene);
        if (i === 0) continue; // The warm-up.
        seconds.push(sample.seconds);
        cpu.push(sample.cpu ?? NaN);
      }
      medians.push(median(seconds));
      const times = `${median(seconds).toFixed(2)} s, ${median(cpu).toFixed(2)} processor s`;
      console.log(`  to ${count}, until ${wait}: the sender takes ${times}`);
    }
    console.log(`hub-broadcast, until ${wait}: ${(medians[1]! / medians[0]!).toFixed(2)} times`);
  }
}

/** Files of 200 MB for ten, and one of them reads 1 KiB/s: the hub's memory, and the others' time. */
async function slowReader() {
  const [bytes, count] = [2e8, 10];
  for (const isSlow of [false, true]) {
    await using scene = await Scene.open(HUB);
    await writeFile(scene, bytes);
    const names = Array.from({ length: count }, (_, i) => `person ${i}`);
    await using _people = await Joiner.joinAll(scene, names, LONG_LIVED);
    using slow = isSlow ? await SlowProxy.open(scene.port) : undefined;
    if (slow !== undefined) await joined(slow.port, "slow", () => {});
    const people = [...names, ...isSlow ? ["slow"] : []].flatMap((name) => ["--peer", name]);
    const started = performance.now();
    await using sender = await scene.sending(["file", ...people, "--wait", "delivered", "--json"]);
    const last = names.map((name) => sender.event("delivered", ({ to }) => to === name));
    await Promise.all(last);
    const seconds = (performance.now() - started) / 1000;
    const { peak } = await usage(scene.hub.pid);
    console.log(
      `hub-slow-reader: ${count} people have ${formatBytes(bytes)} after ${seconds.toFixed(1)} s` +
        ` ${isSlow ? "beside one at 1 KiB/s" : "alone"}; the hub's peak is ${formatBytes(peak)}`,
    );
  }
}

/** 1,000 people who are joined and do nothing: memory each, processor, and how long a newcomer takes. */
async function idle() {
  const [first, count] = [100, 1_000];
  await using scene = await Scene.open(HUB);
  const sessions: AsyncDisposable[] = [];
  const join = async (until: number) => {
    for (let i = sessions.length; i < until; i++) {
      sessions.push(await joined(scene.port, `person ${i}`, () => {}));
    }
  };
  await join(first); // What a hub needs for whatever it does is not of each person.
  await rest();
  const before = await resident(scene.hub.pid);
  await join(first + count);
  const busy = await resident(scene.hub.pid);
  await rest(); // The garbage of a thousand joins is collected.
  const each = (await resident(scene.hub.pid) - before) / count;
  const [from, started] = [await usage(scene.hub.pid), performance.now()];
  await rest();
  const seconds = (performance.now() - started) / 1000;
  const percent = 100 * ((await usage(scene.hub.pid)).cpu - from.cpu) / seconds;
  const times: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const at = performance.now();
    await using _ = await joined(scene.port, `newcomer ${i}`, () => {});
    times.push(performance.now() - at);
  }
  console.log(
    `hub-idle: ${count} people take ${formatBytes(each)} each (${
      formatBytes((busy - before) / count)
    } right after they came), ${percent.toFixed(2)} % of a core;` +
      ` a newcomer is in after ${median(times).toFixed(0)} ms (at most ${
        Math.max(...times).toFixed(0)
      })`,
  );
  await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()));
}

/** From the sender's first chunk to the first chunk at somebody who is joined. */
async function firstByte() {
  await using scene = await Scene.open(HUB);
  let arrived = Promise.withResolvers<number>();
  await using _bob = await joined(scene.port, "bob", async (exchange) => {
    await exchange.send({ type: "accept", offset: 0, digest: null });
    await exchange.receive();
    for await (const _ of exchange.data) {
      arrived.resolve(performance.now());
      break;
    }
    await exchange.send({ type: "answer", code: "kind", sealed: null });
    exchange.end();
  });
  await using ana = await joined(scene.port, "ana", () => {});
  const times: number[] = [];
  for (let i = 0; i <= ROUNDS; i++) {
    arrived = Promise.withResolvers();
    const at = await sendChunks(ana.session, { number: i, chunks: 2 });
    if (i > 0) times.push(await arrived.promise - at);
  }
  console.log(
    `hub-first-byte: ${median(times).toFixed(1)} ms after the sender's (at most ${
      Math.max(...times).toFixed(1)
    })`,
  );
}

/** The hub's processor seconds for a GB that it relays to one person, and for one that it receives itself. */
async function relayCpu() {
  const bytes = 1e9;
  const perGb: Record<string, number> = {};
  for (const way of ["relay", "direct"]) {
    await using scene = await Scene.open(HUB);
    await writeFile(scene, bytes);
    await using _people = await Joiner.joinAll(scene, ["bob"], LONG_LIVED);
    const samples: number[] = [];
    for (let i = 0; i <= RUNS; i++) {
      const before = await usage(scene.hub.pid);
      const sent = await scene.send([
        "file",
        ...way === "relay" ? ["--peer", "bob"] : [],
        "--quiet",
      ]);
      assert.equal(sent.code, 0, sent.stderr);
      const { cpu } = await usage(scene.hub.pid);
      if (i > 0) samples.push((cpu - before.cpu) / bytes * 1e9);
    }
    perGb[way] = median(samples);
  }
  const { relay, direct } = perGb as { relay: number; direct: number };
  console.log(
    `hub-relay-cpu: ${relay.toFixed(2)} processor s/GB to relay, ${direct.toFixed(2)} to receive:` +
      ` ${(relay / direct).toFixed(2)} times`,
  );
}

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, IDLE_MS));
}

/** Somebody who is joined without a process of their own. */
async function joined(
  port: number,
  name: string,
  onDelivery: (exchange: Exchange) => void,
): Promise<AsyncDisposable & { session: Session }> {
  const home = await Deno.makeTempDir({ prefix: "p2p-bench-" });
  const onOpen: OnOpen = (exchange, opening) => {
    if (opening.type === "delivery") onDelivery(exchange);
  };
  const { session } = await connect({ host: "127.0.0.1", port }, {
    identity: { keyPair: generateKeyPair(), name: undefined },
    ...{ name, home, onOpen },
    trustNew: () => Promise.resolve(true),
    signal: new AbortController().signal,
  });
  const exchange = session.open();
  await exchange.send({ type: "join" });
  assert.equal((await exchange.receive()).type, "joined");
  const news = (async () => {
    for (;;) await exchange.receive();
  })();
  news.catch(() => {});
  return {
    session,
    async [Symbol.asyncDispose]() {
      await session.goodbye("bye", "");
      await session.closed.catch(() => {});
      await Deno.remove(home, { recursive: true });
    },
  };
}

/** Relays chunks of zeros to bob; when the first one left. */
async function sendChunks(
  session: Session,
  { number, chunks }: { number: number; chunks: number },
): Promise<number> {
  const exchange = session.open();
  const transfer = number.toString(16).padStart(32, "0");
  await exchange.send({ type: "relay", transfer, size: null, receivers: 1 });
  await exchange.send({ type: "envelope", to: "bob", sealed: "" });
  for (let i = 0; i < 2; i++) await exchange.receive(); // `routed` and `accept`.
  await exchange.send({ type: "begin", offset: 0, salt: "A".repeat(43) });
  const writer = exchange.writable.getWriter();
  const at = performance.now();
  for (let i = 0; i < chunks; i++) {
    await writer.write(new Uint8Array(DATA_HEADROOM_BYTES + SEALED_CHUNK_BYTES));
  }
  await exchange.receive(); // The outcome: nobody wants the rest.
  await exchange.send({ type: "settled" });
  exchange.end();
  return at;
}

/** Resolves when nobody waits for anything any more. */
async function settled(scene: Scene): Promise<void> {
  for (;;) {
    const peers = eventsOf(await scene.ask("peers", ["--json"]), "peer");
    if (peers.every(({ waiting }) => waiting === 0)) return;
  }
}

/** Writes the file that is sent. */
async function writeFile(scene: Scene, bytes: number): Promise<void> {
  using file = await Deno.open(join(scene.files, "file"), { write: true, createNew: true });
  const block = sampleBytes(2 ** 22, bytes);
  for (let left = bytes; left > 0;) {
    left -= await file.write(block.subarray(0, Math.min(left, block.length)));
  }
}

/** Resident bytes of a process now. */
async function resident(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)![1]) * 1024;
}

/** A way to a port on which the other direction slows down to 1 KiB/s after what it takes to join. */
class SlowProxy implements Disposable {
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #conns: Deno.Conn[] = [];

  static async open(port: number): Promise<SlowProxy> {
    return await Promise.resolve(new SlowProxy(port));
  }

  private constructor(port: number) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#pass(port).catch(() => {});
  }

  async #pass(port: number) {
    const client = await this.#listener.accept();
    const hub = await Deno.connect({ hostname: "127.0.0.1", port });
    this.#conns.push(client, hub);
    client.readable.pipeTo(hub.writable).catch(() => {});
    const buffer = new Uint8Array(1024);
    for (let passed = 0;; passed += 1024) {
      const length = await hub.read(buffer);
      if (length === null) return;
      await client.write(buffer.subarray(0, length));
      if (passed > 8 * 1024) await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }

  [Symbol.dispose]() {
    this.#listener.close();
    for (const conn of this.#conns) {
      try {
        conn.close();
      } catch {
        // Its end was read.
      }
    }
  }
}
