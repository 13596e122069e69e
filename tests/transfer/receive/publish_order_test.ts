import assert from "node:assert/strict";
import { PublishOrder, type Turn } from "../../../src/transfer/receive/publish_order.ts";

Deno.test("PublishOrder lets each go when those of its sender before it are over, or give way", async () => {
  const order = new PublishOrder();
  const log: string[] = [];
  const enter = (sender: string, name: string): Turn => {
    const turn = order.enter(sender);
    turn.come.then(() => log.push(name));
    return turn;
  };
  const [first, second, third] = ["a1", "a2", "a3"].map((name) => enter("ana", name)) as Turn[];
  enter("bo", "b1");
  await settled();
  assert.deepEqual(log, ["a1", "b1"]);
  second!.giveWay();
  await settled();
  assert.deepEqual(log, ["a1", "b1"], "the first one is still to come");
  first![Symbol.dispose]();
  await settled();
  assert.deepEqual(log, ["a1", "b1", "a2", "a3"]);
  third![Symbol.dispose]();
  await settled();
  enter("ana", "a4");
  await settled();
  assert.equal(log.at(-1), "a4");
});

function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
