import { P2pError } from "../errors.ts";

const SIGNALS: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];

/** The signals that end the work, and the hint that is shown then. */
export interface InterruptOptions {
  signals?: Deno.Signal[];
  /** The hint of the error. */
  resumeHint?: string;
}

/**
 * Runs `work` with a signal that Ctrl-C or SIGTERM aborts (with `P2pError` "interrupted"), so that
 * it can end cleanly. A second Ctrl-C has its usual effect.
 */
export async function withInterrupt<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { signals = SIGNALS, resumeHint = "run the same line again: it goes on where it stopped" }:
    InterruptOptions = {},
): Promise<T> {
  const controller = new AbortController();
  const release = () => signals.forEach((name) => Deno.removeSignalListener(name, onSignal));
  const onSignal = () => {
    release();
    controller.abort(new P2pError("interrupted", "interrupted", { hint: resumeHint }));
  };
  signals.forEach((name) => Deno.addSignalListener(name, onSignal));
  try {
    return await work(controller.signal);
  } finally {
    if (!controller.signal.aborted) release();
  }
}

/**
 * The ordinary end of what runs until Ctrl-C, or of a question that was taken back: it needs no
 * words.
 */
export function endedByUser(): P2pError {
  return new P2pError("interrupted", "ended by the user", { silent: true });
}
