/** Those who look every so many milliseconds. */
const timers = new Map<number, { looks: Set<() => void>; timer: ReturnType<typeof setInterval> }>();

/** Calls `look` about every `ms` until it is disposed of. All with the same `ms` share one timer: a hub has thousands. */
export function every(ms: number, look: () => void): Disposable {
  const shared = timers.get(ms) ?? start(ms);
  shared.looks.add(look);
  return {
    [Symbol.dispose]() {
      shared.looks.delete(look);
      if (shared.looks.size > 0 || timers.get(ms) !== shared) return;
      clearInterval(shared.timer);
      timers.delete(ms);
    },
  };
}

function start(ms: number) {
  const looks = new Set<() => void>();
  const timer = setInterval(() => looks.forEach((look) => look()), ms);
  const shared = { looks, timer };
  timers.set(ms, shared);
  return shared;
}
