import { join } from "node:path";
import type { KeyText } from "../../secure/static_key.ts";
import { anyLine, readJournal } from "../../storage/journal.ts";
import { ignoreMissing } from "../../storage/file_system.ts";
import { storageError } from "../../storage/storage_error.ts";
import { Notify } from "../../notify.ts";
import { trace } from "../../trace.ts";
import { LiveFeed } from "../relay/live_feed.ts";
import { Cursors } from "./cursors.ts";
import { type EnvelopePlace, ENVELOPES_FILE, placesOf, readEnvelopeSync } from "./envelopes.ts";
import { SpoolJournal } from "./spool_journal.ts";
import { type Outcome, readSpoolRecord, type Relay } from "./spool_record.ts";
import { Upload } from "./upload.ts";

/** The state of one recipient: an outcome, or what is being done about it. */
export type RecipientState = Outcome["code"] | "waiting" | "running";

/** Called when the bytes of a transfer, or the recipients that wait for it, are others. */
export type OnResize = (transfer: SpooledTransfer) => void;

/** Envelopes that have come, in a folder of their own that is moved to where they stay. */
export interface KeptEnvelopes {
  keep(folder: string): Promise<void>;
}

/**
 * One transfer in the spool (SPEC.md §18): whom it is for and what became of each, in `journal`.
 * The content is its {@link Upload}, the way from there to who follows is its {@link LiveFeed}.
 */
export class SpooledTransfer {
  readonly relay: Relay;
  /** By recipient's name. */
  readonly outcomes = new Map<string, Outcome>();
  /** More chunks, a sender that came or went, stored, an outcome. */
  readonly changes = new Notify();
  /** Of {@link changes} the outcomes alone. */
  readonly conclusions = new Notify();
  readonly upload: Upload;
  readonly feed: LiveFeed;
  readonly cursors = new Cursors();
  readonly #folder: string;
  readonly #journal: SpoolJournal;
  readonly #envelopes: Map<string, EnvelopePlace>;
  readonly #onResize: OnResize;
  #created = Promise.resolve();
  /**
   * The end of its time, by `performance.now()`: a system clock that is set ends nothing early or
   * late.
   */
  readonly #endsAt: number;

  /** The transfer that an earlier process left in `folder`; undefined where nothing is of use. */
  static async recover(folder: string, onResize?: OnResize): Promise<SpooledTransfer | undefined> {
    const record = readSpoolRecord(await readJournal(join(folder, "journal"), anyLine));
    if (record === undefined) return undefined;
    const found = new SpooledTransfer(folder, record.relay, onResize);
    await found.upload.recover(record);
    for (const outcome of record.outcomes) found.outcomes.set(outcome.to, outcome);
    if (found.isConcluded) await found.#dropContent();
    return found;
  }

  /** A new one that is to be kept in `folder`, which {@link create} makes. */
  constructor(folder: string, relay: Relay, onResize: OnResize = () => {}) {
    this.#folder = folder;
    this.relay = relay;
    this.#endsAt = performance.now() + relay.until - Date.now();
    this.#envelopes = placesOf(relay.recipients);
    this.#onResize = onResize;
    this.#journal = new SpoolJournal(folder);
    this.feed = new LiveFeed({ recipients: relay.recipients.length });
    this.upload = new Upload({
      ...{ transferId: relay.transfer, size: relay.size, folder },
      ...{ journal: this.#journal, feed: this.feed },
      onChange: () => this.#changed(),
    });
  }

  /**
   * Makes its folder of the envelopes that have come; nothing of it is promised to anybody before
   * it is stored. Whoever asks again waits for the same.
   */
  create(draft: KeptEnvelopes): Promise<void> {
    return this.#created = this.#create(draft);
  }

  /** Resolves when its folder is there; throws what {@link create} failed with. */
  async ready(): Promise<void> {
    await this.#created;
  }

  /** Time that is left for its recipients, in ms; below 0 once that is over. */
  get msLeft(): number {
    return this.#endsAt - performance.now();
  }

  /** True when every recipient has an outcome. */
  get isConcluded(): boolean {
    return this.outcomes.size === this.#envelopes.size;
  }

  /** Names of the recipients without an outcome. */
  get waiting(): string[] {
    return [...this.#envelopes.keys()].filter((name) => !this.outcomes.has(name));
  }

  /** Bytes of the sealed answers that are here. */
  get answerBytes(): number {
    return [...this.outcomes.values()].reduce((sum, { sealed }) => sum + (sealed?.length ?? 0), 0);
  }

  /** True where it has an envelope for that person, under this very key. */
  isFor({ name, key }: { name: string; key: KeyText }): boolean {
    return this.#envelopes.get(name)?.key === key;
  }

  /** Reads the envelope of a recipient; undefined where the disk has lost it. */
  readEnvelope(name: string): string | undefined {
    return readEnvelopeSync(this.#folder, this.#envelopes.get(name)!);
  }

  /** The state of a recipient; `interrupted` where its sender was cut off before the end. */
  stateOf(name: string): RecipientState {
    const outcome = this.outcomes.get(name);
    if (outcome !== undefined) return outcome.code;
    if (this.cursors.isServing(name)) return "running";
    return this.upload.isStored || this.upload.isComing ? "waiting" : "interrupted";
  }

  /** Content bytes that were sent to a recipient so far. */
  sentTo(name: string): number {
    return Math.min(this.cursors.bytesSent(name), this.relay.size ?? Infinity);
  }

  /** Notes that a recipient is being served, until it is disposed of. */
  serve(name: string): Disposable {
    const cleanup = new DisposableStack();
    cleanup.use(this.feed.follow());
    cleanup.use(this.cursors.serve(name));
    return cleanup;
  }

  /**
   * Notes what became of a recipient, and resolves when that is on disk; once every one has an
   * outcome the content goes.
   */
  async conclude(outcome: Outcome): Promise<void> {
    await this.#journal.commit({ outcome });
    this.outcomes.set(outcome.to, outcome);
    this.#changed();
    this.conclusions.notify();
    if (trace.relay.hasSubscribers) {
      const transfer = this.relay.transfer.slice(0, 8);
      trace.relay.publish({ what: "outcome", state: true, transfer, code: outcome.code });
    }
    if (this.isConcluded) await this.#dropContent();
  }

  /** Forgets it altogether. */
  async remove(): Promise<void> {
    await this.close();
    await Deno.remove(this.#folder, { recursive: true });
  }

  /** Closes what is open. */
  async close(): Promise<void> {
    await this.upload.pause();
  }

  async #create(draft: KeptEnvelopes): Promise<void> {
    try {
      await draft.keep(this.#folder);
      await this.#journal.append({ relay: this.relay });
    } catch (cause) {
      throw storageError("cannot keep a transfer", cause);
    }
  }

  async #dropContent(): Promise<void> {
    await this.upload.drop();
    await Deno.remove(join(this.#folder, ENVELOPES_FILE)).catch(ignoreMissing);
  }

  #changed() {
    this.#onResize(this);
    this.changes.notify();
  }
}
