import { asP2pError, type ErrorCode, P2pError, worse } from "../errors.ts";
import { OutgoingTransfers } from "../home/outgoing.ts";
import { DeliveredContent } from "../home/delivered_content.ts";
import { RelayKeys } from "../home/relay_keys.ts";
import { SentTransfers } from "../home/sent.ts";
import { toHex } from "../bytes.ts";
import type { Batch as BatchOfOffers } from "../protocol/messages.ts";
import { randomBytes } from "../secure/random.ts";
import { sleep } from "../sleep.ts";
import { traceRetry } from "../trace.ts";
import type { Report, Stored } from "../transfer/events.ts";
import type { Recipient, WaitFor } from "../transfer/send/relay_outcomes.ts";
import { Unfinished } from "../transfer/unfinished.ts";
import type { ItemOutcome } from "./client_event.ts";
import type { Connected, Opened } from "./connect.ts";
import type { HubClient } from "./hub_client.ts";
import { checkItems, type Item } from "./items.ts";
import { Patience } from "./patience.ts";
import type { PeopleChoice } from "./recipients.ts";
import { sendItem } from "./send_item.ts";

/** The time for which a lost hub is tried again, in milliseconds, unless somebody chooses. */
export const GIVE_UP_MS = 60_000;

/** Transfers that are under way at once: enough to hide the round trips of small files. */
const AT_ONCE = 8;

/** The recipients of a batch, and how it is sent. */
export interface SendBatchOptions {
  /** People at the hub to send to; without them the hub itself is the receiver. */
  people?: PeopleChoice | undefined;
  /** One person instead, who goes by the name `shown` here. */
  recipient?: Recipient & { shown: string };
  wait?: WaitFor;
  /** Starts over, even where a part is at the receiver. */
  restart?: boolean;
  /** The time for which it tries to reconnect after a cut, in milliseconds. */
  giveUpMs: number;
  /** Waits as long for a hub that is not there in the beginning; by default for its answer alone. */
  waitsForHub?: boolean | undefined;
  /** Bytes a second. */
  limit?: number | undefined;
  signal: AbortSignal;
}

/** Counts of outcomes, and the gravest error among them. */
export interface BatchResult {
  delivered: number;
  stored: number;
  failed: number;
  /** Undefined where all went well. */
  worst: ErrorCode | undefined;
  /**
   * The error that ended the batch early: there was no hub to begin with, or it was interrupted.
   */
  error?: P2pError;
}

/**
 * Sends all items, {@link AT_ONCE} at a time, over one session; after a cut it reconnects with
 * growing pauses and goes on where it stopped. Every item has its outcome, as an event and in the
 * result.
 */
export async function sendBatch(
  client: HubClient,
  items: Item[],
  options: SendBatchOptions,
): Promise<BatchResult> {
  return await new Batch(client, items, options).run();
}

class Batch {
  readonly #client: HubClient;
  readonly #options: SendBatchOptions;
  readonly #count: number;
  /** Items without an outcome that are not under way. */
  #waiting: Item[];
  readonly #outgoing: OutgoingTransfers;
  readonly #sent: SentTransfers;
  readonly #relayKeys: RelayKeys;
  readonly #delivered: DeliveredContent;
  readonly #patience: Patience;
  /** People whose outcome is known already, for each item: a cut makes it no news. */
  readonly #reported = new Map<Item, Set<string>>();
  readonly #result: BatchResult = { delivered: 0, stored: 0, failed: 0, worst: undefined };
  readonly #unfinished = new Unfinished();
  /** Sessions in a row that went silent before anything got through. */
  #silentCuts = 0;
  /** What the hub keeps for those who are waited for. */
  readonly #awaited = new Set<Stored>();
  #batch: BatchOfOffers | undefined;
  /** What is sent over the session that was opened last, which may not be taken yet. */
  #sending: { opened: Opened; cut: Promise<P2pError | undefined> } | undefined;
  /** The hub's name, while it is not known whether it takes us; what is to be told waits for it. */
  #connecting: PromiseWithResolvers<string> | undefined;
  #hubName = Promise.resolve("");
  #recipients: Recipient[] | undefined;

  constructor(client: HubClient, items: Item[], options: SendBatchOptions) {
    this.#client = client;
    this.#options = options;
    this.#count = items.length;
    this.#waiting = [...items];
    this.#outgoing = new OutgoingTransfers(client.home, items.map(({ path }) => path));
    this.#sent = new SentTransfers(client.home);
    this.#relayKeys = new RelayKeys(client.home);
    this.#delivered = new DeliveredContent(client.home);
    this.#patience = new Patience(options.giveUpMs);
    if (options.recipient !== undefined) this.#recipients = [options.recipient];
  }

  async run(): Promise<BatchResult> {
    try {
      const { ready, faulty } = await checkItems(this.#waiting);
      for (const fault of faulty) this.#report(fault);
      if (ready.length === 0) return this.#result;
      this.#waiting = ready;
      if (ready.length > 1) this.#batch = { id: toHex(randomBytes(16)), items: ready.length };
      await this.#sendAll();
      if (this.#result.failed === 0) await this.#outgoing.clear();
    } catch (failure) {
      this.#end(asP2pError(failure));
    }
    await this.#delivered.written();
    return this.#result;
  }

  /** Sends over one session after the other, until nothing waits. */
  async #sendAll() {
    let connected = await this.#connectFirst();
    try {
      while (true) {
        const cut = await this.#sendWaiting(connected);
        if (cut === undefined) return;
        connected.session.abort();
        const next = await this.#reconnect(this.#explained(cut));
        if (next instanceof P2pError) return this.#giveUp(next);
        connected = next;
      }
    } finally {
      await connected.session.goodbye("bye", "that is all");
    }
  }

  /** The first session. No answer is waited for; that there is no hub is told at once. */
  async #connectFirst(): Promise<Connected> {
    const { giveUpMs, waitsForHub = false, signal } = this.#options;
    const patience = new Patience(giveUpMs);
    for (;;) {
      try {
        return await this.#connect();
      } catch (failure) {
        signal.throwIfAborted();
        const error = asP2pError(failure);
        const mayCome = error.code === "connection" &&
          (waitsForHub || error.detail === "no-answer");
        const pauseMs = mayCome ? patience.next() : undefined;
        if (pauseMs === undefined) throw error;
        await this.#pause("connecting", { error, pauseMs });
      }
    }
  }

  async #pause(what: "connecting" | "sending", { error, pauseMs }: {
    error: P2pError;
    pauseMs: number;
  }) {
    this.#client.emit({ type: "lost", while: what, error, pauseMs });
    traceRetry(`${what} again`, { why: error.code, pauseMs });
    await sleep(pauseMs, this.#options.signal);
  }

  /** A session that has taken us; where it is known whom all is for, sending begins before that. */
  async #connect(): Promise<Connected> {
    const { signal } = this.#options;
    const connecting = this.#connecting = Promise.withResolvers<string>();
    this.#hubName = connecting.promise;
    this.#hubName.catch(() => {}); // Rejects for those who wait for it.
    try {
      const connected = await this.#client.connect({
        onOpened: (opened) => this.#isDecided && this.#begin(opened),
        signal,
      });
      const { name, fingerprint } = connected;
      this.#client.emit({ type: "connected", name, fingerprint });
      this.#connecting = undefined;
      connecting.resolve(name);
      if (!this.#isDecided) await this.#decide(connected);
      return connected;
    } catch (error) {
      this.#connecting = undefined;
      connecting.reject(error);
      await this.#sending?.cut.catch(() => {}); // What was begun waits again.
      throw error;
    }
  }

  /** True where it is known whom all is for. */
  get #isDecided(): boolean {
    return this.#options.people === undefined || this.#recipients !== undefined;
  }

  /** Chosen once: who comes and goes during a cut makes it no other transfer. */
  async #decide(connected: Connected) {
    const people = this.#options.people!;
    try {
      const { chooseRecipients } = await import("./recipients.ts");
      this.#recipients = await chooseRecipients(connected, { people, client: this.#client });
    } catch (error) {
      await connected.session.goodbye("bye", "there is nobody to send to");
      throw error;
    }
  }

  /** Tells now, or as soon as it is known whether the hub takes us. */
  #tell(tell: () => void) {
    if (this.#connecting === undefined) tell();
    else this.#hubName.then(tell, tell);
  }

  /** Works off what waits, over a session that may have begun with it before it was taken. */
  #sendWaiting(connected: Connected): Promise<P2pError | undefined> {
    const { session } = connected;
    if (this.#sending?.opened.session !== session) this.#begin(connected);
    return this.#sending!.cut;
  }

  #begin(opened: Opened) {
    const before = this.#sending?.cut ?? Promise.resolve();
    const cut = before.then(() => this.#sendOver(opened));
    cut.catch(() => {}); // Rejects for who waits for it.
    this.#sending = { opened, cut };
  }

  /** Gives the error of a lost connection, with what is not done back in front. */
  async #sendOver(opened: Opened): Promise<P2pError | undefined> {
    const undone: Item[] = [];
    let cut: P2pError | undefined;
    const worker = async () => {
      for (let item; cut === undefined && (item = this.#waiting.shift());) {
        const error = await this.#send(item, opened);
        if (error === undefined) continue;
        cut = error;
        undone.push(item);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    this.#options.signal.throwIfAborted();
    this.#waiting.unshift(...undone);
    return cut;
  }

  #send(item: Item, opened: Opened): Promise<P2pError | undefined> {
    const { wait, limit, restart = false, recipient, giveUpMs, signal } = this.#options;
    return sendItem(item, {
      ...{ opened, hubName: this.#hubName, wait, limit, restart, giveUpMs, signal },
      recipients: this.#recipients,
      keyPair: this.#client.identity.keyPair,
      hub: this.#client.hub,
      outgoing: this.#outgoing,
      sent: this.#sent,
      relayKeys: this.#relayKeys,
      batch: this.#batch,
      // Who was met by a code is waited for by other rules.
      ...recipient === undefined && {
        patience: { giveUpMs, onWaiting: (stored) => this.#wait(stored) },
      },
      delivered: this.#delivered,
      report: this.#progress,
      onOutcome: (outcome) => this.#tell(() => this.#report(outcome)),
    });
  }

  /**
   * Another session; or the error where there is none for too long, or trying again would not help.
   */
  async #reconnect(cut: P2pError): Promise<Connected | P2pError> {
    const { signal } = this.#options;
    for (let error = cut;;) {
      const pauseMs = error.code === "connection" ? this.#patience.next() : undefined;
      if (pauseMs === undefined) return error;
      await this.#pause("sending", { error, pauseMs });
      try {
        return await this.#connect();
      } catch (failure) {
        signal.throwIfAborted();
        error = asP2pError(failure);
      }
    }
  }

  /** The error of a cut; where nothing got through before the last one either, it says so. */
  #explained(cut: P2pError): P2pError {
    if (cut.detail !== "silent" || ++this.#silentCuts < 2) return cut;
    return new P2pError("connection", `${cut.message}; data does not get through`, {
      hint: "large packets are dropped on the way: look at the MTU of this network, or at a VPN",
      cause: cut,
    });
  }

  #moved() {
    this.#silentCuts = 0;
    this.#patience.moved();
  }

  #giveUp(error: P2pError) {
    for (const item of this.#waiting) {
      if (this.#recipients === undefined) this.#report({ item, error });
      for (const { name: to } of this.#recipients ?? []) this.#report({ item, to, error });
    }
  }

  readonly #progress: Report = (event) => {
    // While it is not known whether the hub takes us, that is what is waited for.
    if (event.event === "stalled" && this.#connecting === undefined) {
      this.#client.emit({ type: "stalled", stall: event });
    }
    if (event.event !== "progress") return;
    this.#tell(() => {
      if (this.#unfinished.count(event)) this.#moved();
      this.#client.emit({ type: "progress", progress: event });
    });
  };

  #wait(stored: Stored) {
    this.#unfinished.end(stored.transfer);
    this.#awaited.add(stored);
    this.#client.emit({ type: "waiting", stored });
  }

  /** Counts and tells an outcome, once for each person. */
  #report(outcome: ItemOutcome) {
    const { item, to } = outcome;
    const reported = this.#reported.get(item) ?? new Set();
    if (to !== undefined && reported.has(to)) return;
    this.#tally(outcome);
    const once = { ...outcome, ...reported.size > 0 && { leftOut: [], missing: [], renamed: [] } };
    this.#client.emit({ type: "outcome", outcome: this.#renamed(once) });
    this.#reported.set(item, to === undefined ? reported : reported.add(to));
  }

  #tally({ transferId, delivered, stored, error, missing = [] }: ItemOutcome) {
    const result = this.#result;
    if (delivered !== undefined) result.delivered++;
    else if (stored !== undefined && error === undefined) result.stored++;
    else result.failed++;
    if (missing.length > 0) result.worst = worse(result.worst, "local");
    // An interrupt ends the batch, and is counted there.
    if (error?.code === "interrupted") return;
    if (transferId !== undefined) this.#unfinished.end(transferId);
    if (error !== undefined) {
      result.worst = worse(result.worst, error.code);
    }
  }

  /** Counts items without an outcome as failed: they end with the batch. */
  #end(failure: P2pError) {
    const isStop = failure.code === "interrupted" && !failure.silent;
    const error = isStop ? this.#stopped(failure) : failure;
    const { delivered, stored, failed, worst } = this.#result;
    this.#result.failed = Math.max(failed, this.#count - delivered - stored);
    this.#result.worst = worse(worst, error.code);
    this.#result.error = error;
  }

  /** The end by a signal, and what holds: there is something to go on with, or there is not. */
  #stopped({ hint, cause }: P2pError): P2pError {
    const moved = this.#unfinished.inWords;
    if (moved === undefined && this.#awaited.size > 0) {
      const names = new Set([...this.#awaited].map(({ to }) => to));
      const message = `stopped waiting for ${[...names].join(", ")}: the hub keeps it for them`;
      return new P2pError("interrupted", message, {
        hint: "`p2p status` shows when it is delivered",
        cause,
      });
    }
    if (moved === undefined) return new P2pError("interrupted", "stopped", { cause });
    return new P2pError("interrupted", `stopped at ${moved}`, { hint, cause });
  }

  /** The outcome under the name that the recipient has here. */
  #renamed(outcome: ItemOutcome): ItemOutcome {
    const { recipient } = this.#options;
    if (recipient === undefined || outcome.to !== recipient.name) return outcome;
    const { name, shown: to } = recipient;
    const { delivered, stored, error } = outcome;
    return {
      ...outcome,
      to,
      ...delivered && { delivered: { ...delivered, to } },
      ...stored && { stored: { ...stored, to } },
      ...error && { error: withName(error, { name, to }) },
    };
  }
}

function withName(error: P2pError, { name, to }: { name: string; to: string }): P2pError {
  const { code, hint, retry, detail } = error;
  const message = error.message.replaceAll(name, to);
  return new P2pError(code, message, { hint, retry, detail, cause: error });
}
