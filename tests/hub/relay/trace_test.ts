import assert from "node:assert/strict";
import { chunkOf } from "../../helpers/chunks.ts";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { deliverOnce } from "../../../src/hub/relay/forward.ts";
import { TAIL_CHUNKS, TailBuffer } from "../../../src/hub/relay/tail_buffer.ts";
import { CHUNK_BYTES } from "../../../src/secure/sealed_stream.ts";
import type { TraceEvent } from "../../../src/trace.ts";
import { SALT } from "../spool/spooled.ts";
import { expected, readAll, RelayScene } from "./relay_scene.ts";

Deno.test("the trace of a relay says what happened to it, and holds no name and no key", async () => {
  using seen = new Seen("p2p:relay");
  await using scene = await RelayScene.open();
  const transfer = await scene.spool.admit(1, { size: 33 * CHUNK_BYTES });
  await transfer.upload.begin(SALT);
  for (let i = 0; i < 32; i++) await transfer.upload.append(chunkOf());
  await transfer.upload.append(chunkOf(100));
  await transfer.upload.finish();
  const { signal } = new AbortController();
  const delivery = { transfer, to: "bob", sealed: "for bob", signal };
  const result = deliverOnce(scene.hub.open(), delivery);
  const { exchange } = await scene.delivery();
  await exchange.accept({ offset: CHUNK_BYTES, digest: "0".repeat(64) });
  await expected(exchange, "run");
  await readAll(exchange);
  await exchange.send({ type: "answer", code: "delivered", sealed: "receipt" });
  await result;
  await scene.spool.spool.conclude(transfer, { to: "bob", code: "delivered", sealed: "receipt" });
  await scene.spool.spool.sweep();
  const words = seen.events.map(({ what }) => what);
  for (const what of ["upload begun", "checkpoint", "upload ended", "run started", "outcome"]) {
    assert.ok(words.includes(what), `no "${what}" in ${words}`);
  }
  assert.equal(words.at(-1), "sweep");
  const text = JSON.stringify(seen.events);
  for (const secret of ["ana", "bob", "receipt", SALT, transfer.relay.from.key]) {
    assert.ok(!text.includes(secret), `${secret} in ${text}`);
  }
});

Deno.test("the trace says when a slow recipient is let go, and when it follows again", async () => {
  using seen = new Seen("p2p:relay");
  const tail = new TailBuffer();
  tail.follow();
  for (let i = 0; i < TAIL_CHUNKS; i++) tail.push(i, chunkOf(10));
  await tail.room(); // It takes nothing.
  tail.take(TAIL_CHUNKS - 1);
  tail.end();
  assert.deepEqual(seen.events.map(({ what }) => what), ["recipient let go", "recipient follows"]);
});

/** What comes over a channel. */
class Seen implements Disposable {
  readonly events: TraceEvent[] = [];
  readonly #channel: string;
  readonly #take = (event: unknown) => void this.events.push(event as TraceEvent);

  constructor(channel: string) {
    this.#channel = channel;
    subscribe(channel, this.#take);
  }

  [Symbol.dispose]() {
    unsubscribe(this.#channel, this.#take);
  }
}
