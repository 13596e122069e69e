/** Sets the wall clock of this process on by `ms`, or back, until it is disposed of; the monotonic clock goes on as it was. */
export function shiftWallClock(ms: number): Disposable {
  const now = Date.now;
  Date.now = () => now() + ms;
  return { [Symbol.dispose]: () => Date.now = now };
}
