import { basename } from "node:path";
import { stdout } from "node:process";
import type { Received } from "../../transfer/events.ts";
import { printable } from "../../ui/printable.ts";

/** More would push the menu off a small screen. */
const MAX_LINES = 3;

/** What the person at the menu is to hear: shown once, in the menu that is open, or else in the next one. */
export class News {
  #lines: string[] = [];
  /** The newest first. */
  readonly #arrivals: Received[] = [];
  #untold = 0;
  #unseen = 0;

  /** Tells a line. */
  tell(line: string): void {
    this.#lines = [...this.#lines.filter((other) => other !== line), line].slice(-MAX_LINES);
    redraw();
  }

  /** Tells of something that came in. */
  came(arrival: Received): void {
    this.#arrivals.unshift(arrival);
    this.#untold++;
    this.#unseen++;
    redraw();
  }

  /** What is not told yet; all that came in is one line. */
  get lines(): string[] {
    return this.#untold === 0 ? this.#lines : [...this.#lines, this.#arrivalsLine()];
  }

  /** These lines have been on the screen. */
  told(): void {
    this.#lines = [];
    this.#untold = 0;
  }

  /** How many came in since they were last looked through. */
  get unseen(): number {
    return this.#unseen;
  }

  /** All that came in, the newest first; from here on none of it is new. */
  lookThrough(): readonly Received[] {
    this.#unseen = 0;
    return this.#arrivals;
  }

  #arrivalsLine(): string {
    const [{ path, from }] = this.#arrivals as [Received];
    const last = printable(basename(path));
    const sender = printable(from);
    return this.#untold === 1
      ? `${last} came from ${sender}: look at it in «What came in»`
      : `${this.#untold} came in, ${last} from ${sender} the last: look at them in «What came in»`;
  }
}

/** Makes an open question draw itself again, which it does where it has changed, and never in between. */
function redraw() {
  stdout.emit("resize");
}
