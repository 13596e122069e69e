import type { Received, Report, TransferEvent } from "../../transfer/events.ts";
import {
  alreadyLine,
  interruptedLine,
  receivedLine,
  refusedLine,
  renamedLines,
} from "../../ui/event_lines.ts";
import { terminalSize } from "../../ui/terminal.ts";
import type { Output } from "./output.ts";

/** The choices for what has arrived. */
export interface ArrivalsOptions {
  preview: "auto" | "always" | "never";
  previewRows: number;
  color: boolean;
  json?: true;
}

/** Shows what arrives, line by line as it happens, and after a line a preview of the file. */
export class Arrivals {
  readonly report: Report = (event) => this.#show(event);
  readonly #output: Output;
  readonly #options: ArrivalsOptions;
  /** One preview after the other: nothing is drawn into another picture. */
  #shown: Promise<void> = Promise.resolve();

  constructor(output: Output, options: ArrivalsOptions) {
    this.#output = output;
    this.#options = options;
    if (this.#mayPreview()) setTimeout(loadPreview); // Not while a transfer waits for it.
  }

  /** Resolves when everything that has arrived is shown. */
  idle(): Promise<void> {
    return this.#shown;
  }

  #show(event: TransferEvent) {
    const output = this.#output;
    output.event(event);
    if (event.event === "stalled") return output.stalled(event);
    if (event.event !== "progress") output.progressDone(event.transfer);
    switch (event.event) {
      case "progress": {
        const { transfer: id, name, bytes, total } = event;
        return output.progress({ id, name, bytes, total: total ?? undefined });
      }
      case "received":
        return this.#received(event);
      case "already":
        return output.result(alreadyLine(event, output.style));
      case "refused":
        return output.result(refusedLine(event, output.style));
      case "interrupted":
        return output.result(interruptedLine(event, output.style));
    }
  }

  #received(event: Received) {
    this.#shown = this.#shown.then(async () => {
      this.#output.result(receivedLine(event, this.#output.style));
      for (const line of renamedLines(event)) this.#output.note(line);
      if (this.#wantsPreview(event)) await this.#preview(event.path);
    });
  }

  #wantsPreview({ files }: Received): boolean {
    return files === undefined && this.#mayPreview();
  }

  #mayPreview(): boolean {
    const { preview, json } = this.#options;
    if (json || preview === "never") return false;
    return preview === "always" || Deno.stdout.isTerminal();
  }

  /** It never throws: what cannot be shown is one line. */
  async #preview(path: string) {
    const [{ preview }, { capabilitiesOf }] = await loadPreview();
    const { previewRows, color } = this.#options;
    const capabilities = capabilitiesOf(Deno.env.toObject(), Deno.stdout.isTerminal() && color);
    const lines = await preview(path, { ...terminalSize(), previewRows, ...capabilities });
    this.#output.result(lines.join("\n"));
  }
}

/** The drawing; what decodes pictures and reads tables is loaded by itself when there is one. */
function loadPreview() {
  return Promise.all([import("../../preview/preview.ts"), import("../../preview/capabilities.ts")]);
}
