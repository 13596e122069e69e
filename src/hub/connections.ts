import type { KeyText } from "../secure/static_key.ts";
import type { Connection } from "../transport/connection.ts";

/** Sessions that one key may have at once (SPEC.md §12). */
export const MAX_SESSIONS_OF_KEY = 256;

/** Sessions of one key that are no crowd: a person, some scripts, a menu. */
const MAX_UNNOTICED = 8;

/** The one that a connection comes from. */
interface Origin {
  network: string;
  /** Undefined as long as the handshake has not shown it. */
  key?: KeyText;
}

/** The connections of a hub, and which one goes where there are too many. */
export class Connections {
  /** The oldest first. */
  readonly #origins = new Map<Connection, Origin>();

  get size(): number {
    return this.#origins.size;
  }

  /** Takes a new connection in. */
  add(conn: Connection, network: string): void {
    this.#origins.set(conn, { network });
  }

  /**
   * Notes whose connection it is; false where that key has as many as it may have. One that has
   * gone meanwhile stays gone.
   */
  belongsTo(conn: Connection, key: KeyText): boolean {
    const origin = this.#origins.get(conn);
    if (origin !== undefined) origin.key = key;
    const ofKey = [...this.#origins.values()].filter((other) => other.key === key);
    return ofKey.length <= MAX_SESSIONS_OF_KEY;
  }

  /** Forgets a connection that has gone. */
  delete(conn: Connection): void {
    this.#origins.delete(conn);
  }

  /**
   * The newest connection of the key that has the most in the network that has the most, so that
   * whoever comes often keeps out nobody but themselves; undefined where neither is a crowd.
   */
  mostCrowding(): Connection | undefined {
    const ofNetwork = largest([...this.#origins], ([, { network }]) => network);
    const ofKey = largest(ofNetwork, ([, { key }]) => key);
    const isCrowd = ofKey.length > MAX_UNNOTICED ||
      (ofNetwork.length > this.size / 2 && ofNetwork.length < this.size);
    return isCrowd ? ofKey.at(-1)![0] : undefined;
  }
}

/** Those of `items` that share what most of them share; of several such groups the last to begin. */
function largest<T>(items: readonly T[], groupOf: (item: T) => unknown): T[] {
  const groups = Map.groupBy(items, groupOf).values();
  return [...groups].reduce((most, group) => group.length >= most.length ? group : most, []);
}
