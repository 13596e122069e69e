import type { Exchange } from "../protocol/exchange.ts";
import { MAX_REASON_LENGTH } from "../protocol/messages.ts";
import { StorageError } from "../storage/storage_error.ts";

/**
 * Ends `exchange` when `signal` aborts: the other side gets a `cancel`, and every wait here the
 * reason of the signal.
 */
export function stopOnAbort(exchange: Exchange, signal: AbortSignal): Disposable {
  const stop = () => {
    exchange.send({ type: "cancel", code: "interrupted", reason: "the sender stopped it" }).catch(
      () => {},
    );
    exchange.fail(signal.reason);
  };
  signal.throwIfAborted();
  signal.addEventListener("abort", stop, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", stop) };
}

/**
 * Tells the other side why this one gives up, where the reason lies here: a file that cannot be
 * read, or has changed.
 */
export async function tellLocalError(exchange: Exchange, error: unknown): Promise<void> {
  if (!(error instanceof StorageError)) return;
  const reason = error.message.slice(0, MAX_REASON_LENGTH);
  await exchange.send({ type: "cancel", code: error.reason, reason }).catch(() => {});
}
