const WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 10;

/** Resolves as soon as `check` does not throw, for what another process does in its own time; else throws what it threw. */
export async function eventually(check: () => void | Promise<void>): Promise<void> {
  const deadline = performance.now() + WITHIN_MS;
  while (true) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }
}
