import type { Pace } from "../protocol/handshake.ts";
import { lostConnection } from "../transport/lost_connection.ts";
import { HandshakeTurns } from "./handshake_turns.ts";

/** Connections that may be between accept and an open session at once (SPEC.md §12). */
export const MAX_HALF_OPEN = 64;

/** The same, for one network. */
export const MAX_HALF_OPEN_PER_NETWORK = 8;

/** From accept to the open session, whatever happens in between. */
export const OPEN_WITHIN_MS = 30_000;

/** A handshake takes milliseconds: one that took this long gives way to those who wait. */
const YIELD_AFTER_MS = 500;

const MAX_WAITING = 1_024;

/** A connection on its way in. */
export interface Entrant {
  /** The network that the peer comes from: see `networkOf`. */
  network: string;
  /** Shakes hands, at that pace; settles when the session is open or has failed. */
  open(pace: Pace): Promise<void>;
  /** Closes the connection, which makes `open` fail. */
  close(): void;
}

interface Place {
  entrant: Entrant;
  since: number;
  /** True while it waits for its turn, which is no slowness of its own. */
  isWaiting: boolean;
  isClosed: boolean;
  deadline: ReturnType<typeof setTimeout>;
}

/**
 * Lets connections shake hands, {@link MAX_HALF_OPEN} at once and {@link MAX_HALF_OPEN_PER_NETWORK}
 * for a network. More have to wait, and the newest goes first, so that a newcomer gets in however
 * many others sit and say nothing; every one of them is closed {@link OPEN_WITHIN_MS} after it
 * came.
 */
export class Admission {
  #opening = new Set<Place>();
  #waiting: Place[] = [];
  #yieldTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #turns: HandshakeTurns;
  #openWithinMs: number;
  #yieldAfterMs: number;

  constructor({
    openWithinMs = OPEN_WITHIN_MS,
    yieldAfterMs = YIELD_AFTER_MS,
    turns = new HandshakeTurns(),
  } = {}) {
    this.#turns = turns;
    this.#openWithinMs = openWithinMs;
    this.#yieldAfterMs = yieldAfterMs;
  }

  /** Takes a connection in, now or when there is a place. */
  enter(entrant: Entrant): void {
    const deadline = setTimeout(() => this.#drop(place), this.#openWithinMs);
    const place: Place = {
      ...{ entrant, deadline, since: performance.now() },
      ...{ isWaiting: false, isClosed: false },
    };
    this.#waiting.push(place);
    if (this.#waiting.length > MAX_WAITING) this.#drop(this.#waiting[0]!);
    this.#fill();
  }

  /** Closes all that have not come in. */
  close(): void {
    clearTimeout(this.#yieldTimer);
    this.#yieldTimer = undefined;
    for (const place of [...this.#waiting, ...this.#opening]) this.#drop(place);
  }

  #drop(place: Place) {
    clearTimeout(place.deadline);
    this.#waiting = this.#waiting.filter((other) => other !== place);
    place.isClosed = true;
    place.entrant.close();
  }

  #fill() {
    for (const place of this.#waiting.toReversed()) {
      if (this.#hasRoom(place.entrant.network)) this.#start(place);
    }
    // One that runs already runs on: else who comes often enough would put it off for ever.
    if (this.#waiting.length > 0) {
      this.#yieldTimer ??= setTimeout(() => this.#makeRoom(), this.#yieldAfterMs);
    }
  }

  #hasRoom(network: string): boolean {
    if (this.#isFull()) return false;
    const ofNetwork =
      [...this.#opening].filter(({ entrant }) => entrant.network === network).length;
    return ofNetwork < MAX_HALF_OPEN_PER_NETWORK;
  }

  #isFull(): boolean {
    return this.#opening.size >= MAX_HALF_OPEN;
  }

  async #start(place: Place) {
    this.#waiting = this.#waiting.filter((other) => other !== place);
    this.#opening.add(place);
    place.since = performance.now();
    await place.entrant.open(this.#paceOf(place)).catch(() => {}); // The hub that made it has reported it.
    clearTimeout(place.deadline);
    this.#opening.delete(place);
    this.#fill();
  }

  #paceOf(place: Place): Pace {
    return {
      first: async (step) => {
        place.isWaiting = true;
        return await this.#turns.take(place.entrant.network, () => {
          if (place.isClosed) throw lostConnection();
          place.isWaiting = false;
          place.since = performance.now();
          return step();
        });
      },
      later: (step) => this.#turns.count(step),
    };
  }

  /**
   * Drops those who were slow and are in the way of one that waits: all where it is full, else
   * those of the same network.
   */
  #makeRoom() {
    this.#yieldTimer = undefined;
    const crowded = new Set(this.#waiting.map(({ entrant }) => entrant.network));
    for (const place of this.#opening) {
      const slow = !place.isWaiting && performance.now() - place.since >= this.#yieldAfterMs;
      if (slow && (this.#isFull() || crowded.has(place.entrant.network))) this.#drop(place);
    }
    this.#fill();
  }
}
