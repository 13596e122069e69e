import { handOver } from "../../../src/buffer_pool.ts";
import { DATA_HEADROOM_BYTES } from "../../../src/protocol/channel.ts";
import type { Session } from "../../../src/protocol/session.ts";
import { SEALED_CHUNK_BYTES } from "../../../src/secure/sealed_stream.ts";
import type { Case } from "../case.ts";
import { openScene } from "../hub_scene.ts";
import { joinAs } from "../person.ts";

const ROUNDS = 20;
const CHUNKS = 2;

/** From the sender's first chunk to the first chunk at somebody who is joined. */
export const hubFirstByte: Case = {
  name: "hub-first-byte",
  shows: "how long after the sender's first chunk the receiver has it",
  async run() {
    await using scene = await openScene();
    let arrived = Promise.withResolvers<number>();
    await using _bob = await joinAs("bob", scene.port, async (exchange) => {
      await exchange.accept({ offset: 0, digest: null });
      await exchange.receive();
      for await (const _ of exchange.data) {
        arrived.resolve(performance.now());
        break;
      }
      await exchange.send({ type: "answer", code: "kind", sealed: null });
      exchange.end();
    });
    await using ana = await joinAs("ana", scene.port);
    const times: number[] = [];
    for (let i = 0; i <= ROUNDS; i++) {
      arrived = Promise.withResolvers();
      const at = await sendChunks(ana.session, i);
      if (i > 0) times.push(await arrived.promise - at); // The first is the warm-up.
    }
    return [{ of: "through the hub", figures: { "first chunk": { unit: "ms", values: times } } }];
  },
};

/** Relays chunks of zeros to bob, as the transfer of that number; when the first one left. */
async function sendChunks(session: Session, number: number): Promise<number> {
  const exchange = session.open();
  const transfer = number.toString(16).padStart(32, "0");
  await exchange.send({ type: "relay", transfer, size: null, receivers: 1, ahead: false });
  await exchange.send({ type: "envelope", to: "bob", sealed: "" });
  for (let i = 0; i < 2; i++) await exchange.receive(); // `routed` and `accept`.
  await exchange.send({ type: "begin", offset: 0, salt: "A".repeat(43) });
  const writer = exchange.writable.getWriter();
  const at = performance.now();
  for (let i = 0; i < CHUNKS; i++) {
    await writer.write(handOver(new Uint8Array(DATA_HEADROOM_BYTES + SEALED_CHUNK_BYTES)));
  }
  await exchange.receive(); // The outcome: nobody wants the rest.
  await exchange.send({ type: "settled" });
  exchange.end();
  return at;
}
