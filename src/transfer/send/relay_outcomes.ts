import { systemClock } from "../../clock.ts";
import { formatDate, formatDuration, isoDate } from "../../units.ts";
import { P2pError } from "../../errors.ts";
import type { Message } from "../../protocol/messages.ts";
import type { IdentityKeys, PublicKeys } from "../../secure/identity_keys.ts";
import { openAnswer } from "../answer.ts";
import type { Delivered, Stored } from "../events.ts";
import type { Source } from "../source/source.ts";
import { deliveredEvent } from "./delivered.ts";

/** A person to send to: the name at the hub, and the keys that it belongs to. */
export interface Recipient {
  name: string;
  keys: PublicKeys;
  /** SHA-256 of the content, where that went to this person under this name before. */
  sha256?: string | null;
}

/**
 * The point at which a sender is done: by default delivered to who is joined, stored for who is
 * away.
 */
export type WaitFor = "stored" | "delivered" | undefined;

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The outcome of a transfer for one person; with an error it may be stored all the same. */
export interface PersonOutcome {
  to: string;
  delivered?: Delivered;
  stored?: Stored;
  error?: P2pError;
}

/** How somebody who is away is waited for. */
export interface WaitingPatience {
  /** The longest wait, in milliseconds. */
  giveUpMs: number;
  /** Notes that the hub keeps it for somebody who is waited for. */
  onWaiting: (stored: Stored) => void;
}

/** One transfer to people, and the place for its outcomes. */
export interface RelayOutcomesOptions {
  source: Source;
  /** 32 hex digits. */
  transfer: string;
  keyPair: IdentityKeys;
  wait: WaitFor;
  /** How who is away is waited for, where `wait` says so; for ever without it. */
  patience?: WaitingPatience | undefined;
  onOutcome: (outcome: PersonOutcome) => void;
}

/** A recipient without an outcome. */
interface OpenRecipient {
  key: Uint8Array;
  /** Of the content, where the offer names it. */
  sha256: string | null;
  isAway: boolean;
}

/** The recipients of one transfer, until each of them has its one outcome (SPEC.md §16). */
export class RelayOutcomes implements Disposable {
  /** Resolves where the last of them were waited for long enough. */
  readonly givenUp: Promise<void>;
  readonly #options: RelayOutcomesOptions;
  /** Recipients without an outcome. */
  readonly #open = new Map<string, OpenRecipient>();
  readonly #startedAt = performance.now();
  /** The time until which the hub keeps the transfer, once it is stored. */
  #until: number | undefined;
  #latency = 0;
  readonly #givenUp = Promise.withResolvers<void>();
  /** Ends the waiting for who is away. */
  #waiting: Disposable | undefined;

  constructor(options: RelayOutcomesOptions) {
    this.#options = options;
    this.givenUp = this.#givenUp.promise;
  }

  /** True where every recipient has an outcome. */
  get isComplete(): boolean {
    return this.#open.size === 0;
  }

  /** Adds a recipient, as the hub has answered its envelope. */
  add({ name, keys, sha256 = null }: Recipient, { state, reason }: Message<"routed">): void {
    if (state === "refused") this.#end(name, { error: this.#refused(name, reason) });
    else this.#open.set(name, { key: keys.id, sha256, isAway: state === "away" });
  }

  /**
   * Notes that the hub has answered the whole: from here on its time counts as that of the content.
   */
  answered(): void {
    this.#latency = performance.now() - this.#startedAt;
  }

  /**
   * Notes that the hub has all of it on disk: recipients who are away are done with, unless the
   * sender waits.
   */
  stored(until: number): void {
    this.#until = until;
    const { wait } = this.#options;
    for (const [name, { isAway }] of this.#open) {
      if (wait === "stored" || (isAway && wait === undefined)) this.#endStored(name);
      else if (isAway) this.#waitFor(name);
    }
  }

  /** Takes news of one recipient: an outcome, or that it has gone, or cannot take it now. */
  async take(message: Message<"routed" | "outcome">): Promise<void> {
    const open = this.#open.get(message.to);
    if (open === undefined) return;
    if (message.type === "outcome") {
      return this.#end(message.to, await this.#proved(message, open));
    }
    open.isAway ||= message.state === "away";
    const isKept = this.#until !== undefined && open.isAway;
    if (!isKept) return;
    if (this.#options.wait === undefined) this.#endStored(message.to);
    else this.#waitFor(message.to);
  }

  [Symbol.dispose](): void {
    this.#waiting?.[Symbol.dispose]();
  }

  /** Gives `error` as the outcome to all who have none. */
  fail(error: P2pError): void {
    for (const to of [...this.#open.keys()]) this.#end(to, { error });
  }

  /** The answer of a recipient, proved to be its own. */
  async #proved(
    message: Message<"outcome">,
    { key, sha256 }: OpenRecipient,
  ): Promise<Omit<PersonOutcome, "to">> {
    const { transfer, keyPair, source } = this.#options;
    const { to } = message;
    try {
      const { receipt, already, reason } = await openAnswer(message, { transfer, keyPair, key });
      if (receipt === undefined) return { error: this.#refused(to, reason) };
      if (already && receipt.sha256 !== sha256) {
        throw new Error("it claims to have another content");
      }
      const latency = this.#latency;
      const duration = performance.now() - this.#startedAt - latency;
      const times = { latency, duration };
      return { delivered: deliveredEvent(receipt, { source, transfer, to, already, ...times }) };
    } catch (cause) {
      const why = (cause as Error).message;
      return { error: new P2pError("refused", `"${source.name}" for "${to}": ${why}`, { cause }) };
    }
  }

  #refused(to: string, reason: string): P2pError {
    const { name } = this.#options.source;
    return new P2pError("refused", `"${name}" did not get to "${to}": ${reason}`);
  }

  /** Tells of the first one who is away what is waited for, and of all when it has been long. */
  #waitFor(to: string) {
    const { patience } = this.#options;
    if (patience === undefined) return;
    patience.onWaiting(this.#storedFor(to));
    const ms = Math.min(patience.giveUpMs, LONGEST_TIMER_MS);
    this.#waiting ??= systemClock.after(ms, () => this.#giveUp(ms));
  }

  #giveUp(afterMs: number) {
    const { source: { name } } = this.#options;
    for (const [to, { isAway }] of [...this.#open]) {
      if (!isAway) continue;
      const stored = this.#storedFor(to);
      const until = formatDate(Date.parse(stored.until));
      const message = `"${name}" was not delivered to "${to}" within ${
        formatDuration(afterMs)
      }; it is stored for them until ${until}`;
      const hint = "`p2p status` shows when it is delivered";
      this.#end(to, { stored, error: new P2pError("connection", message, { hint }) });
    }
    if (this.isComplete) this.#givenUp.resolve();
  }

  #endStored(to: string) {
    this.#end(to, { stored: this.#storedFor(to) });
  }

  #storedFor(to: string): Stored {
    const { source: { name, size }, transfer } = this.#options;
    const until = isoDate(this.#until!);
    return { event: "stored", transfer, to, name, bytes: size ?? 0, until };
  }

  #end(to: string, outcome: Omit<PersonOutcome, "to">) {
    this.#open.delete(to);
    this.#options.onOutcome({ to, ...outcome });
  }
}
