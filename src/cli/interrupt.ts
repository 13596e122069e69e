import { P2pError } from "../errors.ts";

/**
 * Runs `work` with a signal that Ctrl-C or SIGTERM aborts (with `P2pError` "interrupted"), so that it can end cleanly.
 * A second Ctrl-C has its usual effect.
 */
export async function withInterrupt<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  const release = () => signals.forEach((name) => Deno.removeSignalListener(name, onSignal));
  const onSignal = () => {
    release();
    controller.abort(
      new P2pError("interrupted", "interrupted", {
        hint: "run the same line again: it goes on where it stopped",
      }),
    );
  };
  signals.forEach((name) => Deno.addSignalListener(name, onSignal));
  try {
    return await work(controller.signal);
  } finally {
    if (!controller.signal.aborted) release();
  }
}
