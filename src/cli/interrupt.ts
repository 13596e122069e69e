import { P2pError } from "../errors.ts";

const SIGNALS: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];

/** What ends the work, and what is told then. */
export interface InterruptOptions {
  signals?: Deno.Signal[];
  /** How to go on, as a hint. */
  goOn?: string;
}

/**
 * Runs `work` with a signal that Ctrl-C or SIGTERM aborts (with `P2pError` "interrupted"), so that it can end cleanly.
 * A second Ctrl-C has its usual effect.
 */
export async function withInterrupt<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { signals = SIGNALS, goOn = "run the same line again: it goes on where it stopped" }:
    InterruptOptions = {},
): Promise<T> {
  const controller = new AbortController();
  const release = () => signals.forEach((name) => Deno.removeSignalListener(name, onSignal));
  const onSignal = () => {
    release();
    controller.abort(new P2pError("interrupted", "interrupted", { hint: goOn }));
  };
  signals.forEach((name) => Deno.addSignalListener(name, onSignal));
  try {
    return await work(controller.signal);
  } finally {
    if (!controller.signal.aborted) release();
  }
}
