import { P2pError } from "../errors.ts";
import type { Identity } from "../home/identity.ts";
import { findHub, knownHubs, noteHub, pinKey } from "../home/known_hubs.ts";
import type { OnOpen } from "../protocol/session.ts";
import { codeName } from "../secure/code.ts";
import { fingerprint } from "../secure/fingerprint.ts";
import { type Address, formatAddress } from "../transport/address.ts";
import type { ClientEvent } from "./client_event.ts";
import { connect, type Connected, type Opened } from "./connect.ts";
import type { Pinned } from "./hub_check.ts";
import { SecretWanted, UnknownHub } from "./hub_refusals.ts";

/** The questions that only a person can answer; `hub` is `host:port`. */
export interface Questions {
  /** Resolves to true where that is the fingerprint of the hub, which is met for the first time. */
  trustKey: (hub: string, fingerprint: string) => Promise<boolean>;
  /**
   * Resolves to the secret of the hub, the one that was tried before being wrong where `isAgain`;
   * undefined where there is no answer.
   */
  secret: (hub: string, isAgain: boolean) => Promise<string | undefined>;
  /**
   * Resolves to the name under which somebody is remembered who calls themselves `claimed`; without
   * it that is the name.
   */
  personName?: (claimed: string) => Promise<string>;
  /** Resolves to true where the name of this machine is to be ours at a hub for good. */
  keepName?: (hub: string, name: string) => Promise<boolean>;
}

/**
 * How a name came to be: `chosen` for this hub, `own` for all of them, or but the `host`'s. A name
 * that is not chosen gives way to the one that the hub knows us by (SPEC.md §15).
 */
export type Naming = "chosen" | "own" | "host";

/**
 * The secret of a hub, as far as it is known: clients that share this share the answer to the
 * question.
 */
export interface SharedSecret {
  known: string | undefined;
}

/** One person at one hub. */
export interface HubClientOptions {
  address: Address;
  identity: Identity;
  /** The peer name that this person goes by. */
  name: string;
  /** "chosen" where it is left out. */
  naming?: Naming;
  /** The folder with the keys and logs of this installation. */
  home: string;
  secret?: SharedSecret;
  /** False to keep nothing of a hub that is new. */
  remember?: boolean;
  questions: Questions;
  onEvent: (event: ClientEvent) => void;
}

/** The key of the hub that a person has trusted, or that has proved the secret, in this process. */
interface Trust {
  key?: Uint8Array;
}

/** Options of one session. */
export interface SessionChoices {
  onOpen?: OnOpen;
  /**
   * Called with each session that is tried, as soon as something may be sent over it: a round trip
   * before the hub has taken us.
   */
  onOpened?: (opened: Opened) => void;
  signal: AbortSignal;
}

/** A person's way to a hub: all that connecting takes, and the one callback for events. */
export class HubClient {
  readonly address: Address;
  readonly identity: Identity;
  readonly name: string;
  readonly home: string;
  readonly #options: HubClientOptions;
  readonly #skipPin: boolean;
  readonly #trust: Trust;
  /** True once the hub was met for the first time, and remembered. */
  #isNew = false;
  /** What the hub calls itself, where it was met for the first time here and is remembered. */
  metHub: string | undefined;

  constructor(
    options: HubClientOptions,
    { skipPin = false, trust = {} }: { skipPin?: boolean; trust?: Trust } = {},
  ) {
    const { address, identity, name, home } = options;
    this.address = address;
    this.identity = identity;
    this.name = name;
    this.home = home;
    this.#options = options;
    this.#skipPin = skipPin;
    this.#trust = trust;
  }

  /** The hub's address, `host:port`. */
  get hub(): string {
    return formatAddress(this.address);
  }

  /** The same person under the name of the key, at a hub that need not be trusted (SPEC.md §19). */
  underCode(): HubClient {
    const name = codeName(this.identity.keyPair.id);
    const options = { ...this.#options, name, naming: "chosen" as const };
    return new HubClient(options, { skipPin: true, trust: this.#trust });
  }

  /** Passes an event on to the maker of this client. */
  emit(event: ClientEvent): void {
    this.#options.onEvent(event);
  }

  /** The name under which somebody is to be remembered who calls themselves `claimed`. */
  async askPersonName(claimed: string): Promise<string> {
    return await this.#options.questions.personName?.(claimed) ?? claimed;
  }

  /**
   * A session that the hub has welcomed. Asks where only a person can decide, with no connection
   * open meanwhile. Throws `P2pError`: "connection" where there is no hub, "refused" for a key that
   * changed or is not trusted, and where the hub refuses.
   */
  async connect({ onOpen, onOpened, signal }: SessionChoices): Promise<Connected> {
    const { address, identity, name, naming = "chosen", home, secret, remember = true } =
      this.#options;
    const isNameChosen = naming === "chosen";
    for (let isSecretWrong = false;;) {
      const tried = secret?.known;
      try {
        const connected = await connect(address, {
          ...{ identity, name, isNameChosen, home, onOpen, onOpened, signal },
          ...{ remember, isSecretWrong },
          secret: tried,
          trusted: this.#trust.key,
          skipPin: this.#skipPin,
          onStalled: (stall) => this.emit({ type: "stalled", stall }),
          onPinned: (pinned) => this.#pinned(pinned),
          onProved: (key) => this.#trust.key = key,
        });
        if (this.#isNew) this.metHub = connected.name;
        return connected;
      } catch (error) {
        isSecretWrong = await this.#settle(error, { tried, isSecretWrong });
      }
    }
  }

  /**
   * Asks for what was missing, or throws the error where it is not for a person to mend. Resolves to
   * true where a secret was wrong.
   */
  async #settle(
    error: unknown,
    { tried, isSecretWrong }: { tried: string | undefined; isSecretWrong: boolean },
  ): Promise<boolean> {
    if (error instanceof UnknownHub) await this.#askToTrust(error);
    else if (error instanceof SecretWanted) await this.#askForSecret(error, isSecretWrong);
    else {
      if (!isWrongSecret(error)) throw error;
      // Another client that shares it may know another one since.
      if (this.#options.secret?.known === tried) await this.#askForSecret(error, true);
      return true;
    }
    return isSecretWrong;
  }

  /** True where the name of a session is to be ours for good once we join: it asks about a host's. */
  async keepsName({ you, name: hub }: Connected): Promise<boolean> {
    const { naming = "chosen", questions } = this.#options;
    if (naming === "chosen" || you.owned) return true;
    if (you.name !== this.name) return false; // The hub made it up: ours belongs to somebody else.
    if (naming === "own") return true;
    return await questions.keepName?.(hub, you.name) ?? false;
  }

  /** Remembers the name that is ours at this hub. */
  async noteName(me: string): Promise<void> {
    const { home, remember = true } = this.#options;
    const known = findHub(await knownHubs(home), this.hub);
    if (remember && known !== undefined && known.me !== me) await noteHub(home, this.hub, { me });
  }

  /** Connects, works with the session, and says goodbye. */
  async visit<T>(signal: AbortSignal, work: (connected: Connected) => Promise<T>): Promise<T> {
    const connected = await this.connect({ signal });
    try {
      const result = await work(connected);
      await connected.session.goodbye("bye", "that was all");
      return result;
    } finally {
      connected.session.abort();
    }
  }

  async #askToTrust(unknown: UnknownHub) {
    const { home, questions, remember = true } = this.#options;
    if (!await questions.trustKey(this.hub, fingerprint(unknown.key))) throw unknown;
    if (remember) await pinKey(home, this.hub, unknown.key);
    else this.#trust.key = unknown.key;
    this.#isNew = remember;
  }

  #pinned(pinned: Pinned) {
    this.#isNew = pinned.movedFrom === undefined;
    this.emit({ type: "pinned", ...pinned });
  }

  async #askForSecret(error: P2pError, isAgain: boolean) {
    const { secret, questions } = this.#options;
    if (secret === undefined) throw error;
    secret.known = undefined;
    secret.known = await questions.secret(this.hub, isAgain);
    if (secret.known === undefined) throw error;
  }
}

function isWrongSecret(error: unknown): error is P2pError {
  return error instanceof P2pError && error.detail === "wrong-secret";
}
