import { channel } from "node:diagnostics_channel";

/** The topics that can be watched, each of one layer. */
export const TRACE_TOPICS = ["session", "exchange", "storage", "relay"] as const;

/** One of {@link TRACE_TOPICS}. */
export type TraceTopic = typeof TRACE_TOPICS[number];

/**
 * One thing that happened in a layer. Facts are numbers and short words: no name, no secret, no
 * content.
 */
export interface TraceEvent {
  /** The thing that happened, in the field's word: "dialled", "credit", "checkpoint". */
  what: string;
  /** True for a change of state, which `--verbose` shows. */
  state?: true;
  /** Numbers and short words that go with it. */
  [fact: string]: string | number | boolean | undefined;
}

/** A channel of `node:diagnostics_channel` that carries {@link TraceEvent}s. */
export interface TraceChannel {
  readonly hasSubscribers: boolean;
  publish(event: TraceEvent): void;
  /** Calls `take` with each {@link TraceEvent} from now on. */
  subscribe(take: (event: unknown) => void): void;
}

/** Traces that something is tried again after a pause, because of an error of that code. */
export function traceRetry(what: string, { why, pauseMs }: { why: string; pauseMs: number }): void {
  if (!trace.session.hasSubscribers) return;
  trace.session.publish({ what, state: true, why, pauseMs: Math.round(pauseMs) });
}

/**
 * The channels on which layers say what happens, at no cost while nobody listens:
 *
 *     if (trace.exchange.hasSubscribers) trace.exchange.publish({ what: "credit", exchange: 3, bytes });
 */
export const trace: Readonly<Record<TraceTopic, TraceChannel>> = {
  session: channel("p2p:session"),
  exchange: channel("p2p:exchange"),
  storage: channel("p2p:storage"),
  relay: channel("p2p:relay"),
};
