import { P2pError } from "../errors.ts";

const SIGNALS: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];

/** The signals that end the work, and the hint that is shown then. */
export interface InterruptOptions {
  signals?: Deno.Signal[];
  /** What to do to go on, where that can be said beforehand. */
  hint?: string | undefined;
}

/** The end by a signal: an error without a fault. */
class Interrupted extends P2pError {
  readonly signal: Deno.Signal;

  constructor(signal: Deno.Signal, hint: string | undefined) {
    super("interrupted", "stopped", { hint });
    this.signal = signal;
  }
}

/**
 * Runs `work` with a signal that Ctrl-C or SIGTERM aborts (with `P2pError` "interrupted"), so that
 * it can end cleanly. A second Ctrl-C has its usual effect.
 */
export async function withInterrupt<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { signals = SIGNALS, hint }: InterruptOptions = {},
): Promise<T> {
  const controller = new AbortController();
  const listeners = signals.map((name) => ({ name, listener: () => onSignal(name) }));
  const release = () =>
    listeners.forEach(({ name, listener }) => Deno.removeSignalListener(name, listener));
  const onSignal = (name: Deno.Signal) => {
    release();
    controller.abort(new Interrupted(name, hint));
  };
  listeners.forEach(({ name, listener }) => Deno.addSignalListener(name, listener));
  try {
    return await work(controller.signal);
  } finally {
    if (!controller.signal.aborted) release();
  }
}

/**
 * The ordinary end of what runs until it is stopped: SIGTERM is how a service is stopped, and
 * nothing went wrong; Ctrl-C ends with 130 all the same, without words.
 */
export function endService({ reason }: AbortSignal): void {
  if (reason instanceof Interrupted && reason.signal === "SIGTERM") return;
  throw endedByUser();
}

/** The end of a question that was taken back by Ctrl-C: it needs no words. */
export function endedByUser(): P2pError {
  return new P2pError("interrupted", "ended by the user", { silent: true });
}
