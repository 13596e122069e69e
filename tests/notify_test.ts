import assert from "node:assert/strict";
import { Notify } from "../src/notify.ts";

Deno.test("Notify wakes everybody who waits, and nobody later", async () => {
  const notify = new Notify();
  const { signal } = new AbortController();
  const woken: number[] = [];
  const waiting = [1, 2].map((n) => notify.wait(signal).then(() => woken.push(n)));
  notify.notify();
  await Promise.all(waiting);
  const late = notify.wait(signal).then(() => woken.push(3));
  await Promise.resolve();
  assert.deepEqual(woken, [1, 2]);
  notify.notify();
  await late;
});

Deno.test("Notify wakes when its signal aborts, and forgets who waited", async () => {
  const notify = new Notify();
  const stop = new AbortController();
  let listeners = 0;
  const signal = new Proxy(stop.signal, {
    get(target, name) {
      if (name === "addEventListener") listeners++;
      if (name === "removeEventListener") listeners--;
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  for (let i = 0; i < 3; i++) {
    const next = notify.wait(signal);
    notify.notify();
    await next;
  }
  assert.equal(listeners, 0, "a signal that lives long holds everybody who ever waited");
  const next = notify.wait(signal);
  stop.abort();
  await next;
  await notify.wait(signal);
});
