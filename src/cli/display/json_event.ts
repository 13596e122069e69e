import type { HubEvent } from "../../hub/hub_event.ts";
import type { Missing } from "../../storage/archive/archive.ts";
import type { Stored, TransferEvent } from "../../transfer/events.ts";

/** What a policy says: yes or no, the line of the rule, and the reason of a no. */
export interface Decision {
  allowed: boolean;
  line: number | null;
  reason?: string;
}

/** What a policy says from so many bytes on. */
export type SizeDecision = Decision & { from: number };

/**
 * An object that `--json` prints, a line each; `time` is added there. The same table stands in the
 * documentation.
 */
export type JsonEvent =
  | {
    event: "listening";
    host: string;
    port: number;
    name: string;
    fingerprint: string;
    secretFile?: string;
  }
  | { event: "connected"; host: string; port: number; name: string; fingerprint: string }
  | { event: "joined" | "left"; peer: string; fingerprint: string }
  | TransferEvent
  | Stored
  | Extract<HubEvent, { event: "relayed" | "refused" }>
  | {
    event: "peer";
    name: string;
    fingerprint: string;
    state: "joined" | "away";
    since: string;
    waiting: number;
  }
  | {
    event: "transfer";
    transfer: string;
    name: string | null;
    to: string;
    bytes: number;
    size: number | null;
    state: string;
    until: string;
    reason?: string;
  }
  | { event: "code"; code: string; until: string }
  | { event: "met"; peer: string; fingerprint: string }
  | { event: "identity"; name: string; fingerprint: string; words: string[]; key: string }
  | {
    event: "known";
    person?: string;
    hub?: string;
    fingerprint?: string;
    via?: string;
    since: string;
    name?: string;
    me?: string;
    inUse?: boolean;
    secret?: boolean;
  }
  | { event: "words"; person: string; words: string[] }
  | ({ event: "explained" } & Decision)
  | { event: "explained"; allowed: boolean | null; line: null; bySize: SizeDecision[] }
  | { event: "shown"; name: string; bytes: number; preview: string[] }
  | { event: "skipped"; name: string; path: string; reason: string }
  | { event: "missing"; name: string; path: string; state: Missing; reason: string }
  | {
    event: "failed";
    exit: number;
    message: string;
    hint?: string;
    name?: string;
    to?: string;
  }
  | { event: "done"; delivered: number; stored: number; failed: number };
