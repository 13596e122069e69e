import { basename } from "node:path";
import type { Received } from "../../transfer/events.ts";
import { printableName } from "../../ui/printable.ts";
import { forcePromptRedraw } from "../prompts/force_prompt_redraw.ts";

/** More would push the menu off a small screen. */
const MAX_LINES = 3;

/**
 * News for the person at the menu: shown once, in the menu that is open, or else in the next one.
 */
export class News {
  #lines: string[] = [];
  /** The newest first. */
  readonly #arrivals: Received[] = [];
  #unshown = 0;
  #unseen = 0;

  /** Adds a line. */
  tell(line: string): void {
    this.#lines = [...this.#lines.filter((other) => other !== line), line].slice(-MAX_LINES);
    forcePromptRedraw();
  }

  /** Adds something that came in. */
  came(arrival: Received): void {
    this.#arrivals.unshift(arrival);
    this.#unshown++;
    this.#unseen++;
    forcePromptRedraw();
  }

  /** The lines that were not on the screen yet; all that came in is one of them. */
  get lines(): string[] {
    return this.#unshown === 0 ? this.#lines : [...this.#lines, this.#arrivalsLine()];
  }

  /** These lines have been on the screen. */
  shown(): void {
    this.#lines = [];
    this.#unshown = 0;
  }

  /** The number of arrivals since they were last looked through. */
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
    const last = printableName(basename(path));
    const sender = printableName(from);
    return this.#unshown === 1
      ? `${last} came from ${sender}: look at it in «What came in»`
      : `${this.#unshown} came in, ${last} from ${sender} the last: look at them in «What came in»`;
  }
}
