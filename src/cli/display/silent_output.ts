import { Output } from "./output.ts";

/** Who hears what an output is told instead. */
export interface Listener {
  onEvent?: (event: { event?: string }) => void;
  onWarning: (line: string) => void;
}

/** An output for what goes on beside open questions: it prints nothing. */
export class SilentOutput extends Output {
  readonly #listener: Listener;

  constructor(listener: Listener) {
    super();
    this.#listener = listener;
  }

  override event(event: object): void {
    this.#listener.onEvent?.(event);
  }

  override warning(line: string): void {
    this.#listener.onWarning(line);
  }

  override result(): void {}

  override note(): void {}
}
