import type { Offer } from "../../protocol/messages.ts";
import type { Published } from "../../storage/part/part.ts";
import { type Report, tenths } from "../events.ts";
import type { Refusal, Sender } from "./acceptance.ts";

/** The events of one transfer on its way in, with its times and bytes. */
export class ReceptionEvents {
  readonly #offer: Offer;
  readonly #from: string;
  readonly #report: Report;
  readonly #offeredAt = performance.now();
  #acceptedAt: number | undefined;
  #bytes = 0;

  constructor({ offer, from, report }: { offer: Offer; from: Sender; report: Report }) {
    this.#offer = offer;
    this.#from = from.name;
    this.#report = report;
  }

  /** Bytes of the content stream that are here; an archive has more than the files in it. */
  set bytes(bytes: number) {
    const { size } = this.#offer;
    this.#bytes = size === null ? bytes : Math.min(bytes, size);
  }

  offered() {
    const { kind, size } = this.#offer;
    this.#report({ event: "offered", ...this.#about, kind, bytes: size });
  }

  accepted() {
    this.#acceptedAt = performance.now();
  }

  progress() {
    const { transfer, name, size } = this.#offer;
    this.#report({ event: "progress", transfer, name, bytes: this.#bytes, total: size });
  }

  received({ bytes, sha256, path, resumedAt, missing, renamed, renamedEntries }: Published) {
    const { kind, folder, files, text } = this.#offer;
    const acceptedAt = this.#acceptedAt ?? performance.now();
    this.#report({
      event: "received",
      ...this.#about,
      ...{ kind, bytes, sha256, path },
      latency: tenths(acceptedAt - this.#offeredAt),
      duration: tenths(performance.now() - acceptedAt),
      resumedAt,
      ...(folder ? { files } : {}),
      ...(missing !== undefined ? { missing } : {}),
      ...(renamed !== undefined ? { renamed } : {}),
      ...(renamedEntries !== undefined ? { renamedEntries } : {}),
      ...(text ? { text } : {}),
    });
  }

  already({ bytes, sha256, path }: Published) {
    this.#report({ event: "already", ...this.#about, bytes, sha256, path });
  }

  refused({ reason, isOwn: declined }: Refusal) {
    this.#report({ event: "refused", ...this.#about, reason, ...declined && { declined } });
  }

  interrupted(reason: string) {
    this.#report({ event: "interrupted", ...this.#about, bytes: this.#bytes, reason });
  }

  get #about() {
    const { transfer, name } = this.#offer;
    return { transfer, from: this.#from, name };
  }
}
