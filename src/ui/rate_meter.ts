/** Over how many milliseconds a rate is averaged. */
const WINDOW_MS = 5_000;

/** What is shorter than this says nothing about a rate. */
const MIN_SPAN_MS = 500;

/** The rate of one transfer over the last seconds; to be sampled at a steady pace, also while nothing moves. */
export class RateMeter {
  readonly #samples: { bytes: number; time: number }[] = [];

  /** Notes how many bytes there are at `now` (ms); returns bytes a second, or undefined while it is too early. */
  sample(bytes: number, now: number): number | undefined {
    const samples = this.#samples;
    // Fewer bytes than before: it went on from an earlier offset.
    if (bytes < (samples.at(-1)?.bytes ?? 0)) samples.length = 0;
    samples.push({ bytes, time: now });
    while (samples.length > 2 && samples[0]!.time < now - WINDOW_MS) samples.shift();
    const first = samples[0]!;
    const span = now - first.time;
    return span < MIN_SPAN_MS ? undefined : (bytes - first.bytes) * 1000 / span;
  }
}
