import { findHub, type KnownHub, knownHubs, noteHub, pinKey } from "../home/known_hubs.ts";
import type { Identity } from "../home/identity.ts";
import type { Auth, Handshake, KnownAcceptor } from "../protocol/handshake.ts";
import { fingerprint } from "../secure/fingerprint.ts";
import { decodeKey, encodeKey, sameKey } from "../secure/static_key.ts";
import { type Address, formatAddress, isLoopback } from "../transport/address.ts";
import { isOwnListener } from "../transport/listener_owner.ts";
import { keyChanged, SecretWanted, UnknownHub } from "./hub_refusals.ts";

/** What is held against a hub that is dialled, and what is remembered of it. */
export interface HubCheckOptions {
  address: Address;
  /** Who connects. */
  identity: Identity;
  /** The folder with the hubs that are known. */
  home: string;
  /** The secret that was given; without one it is the remembered one. */
  secret: string | undefined;
  /** True where the remembered secret has proved wrong. */
  isSecretWrong: boolean;
  /** The key that is trusted in this process, where it is not remembered. */
  trusted: Uint8Array | undefined;
  /**
   * True where the hub need not be trusted: a key that is met for the first time is taken, and not
   * pinned.
   */
  skipPin: boolean;
  /** False where nothing is kept of a hub that is new. */
  remember: boolean;
  /** Called where a key was pinned without a question. */
  onPinned: (pinned: Pinned) => void;
  /** Called with the key of a hub that has proved the secret. */
  onProved: (key: Uint8Array) => void;
}

/** A hub whose key was pinned. */
export interface Pinned {
  fingerprint: string;
  /** The address at which the hub of this key was known before. */
  movedFrom?: string;
}

/** Holds one hub to what is known of it (SPEC.md §4), and remembers what it proves. */
export class HubCheck {
  readonly #where: string;
  readonly #options: HubCheckOptions;
  readonly #hubs: KnownHub[];
  #secret: string | undefined;
  #isGuessOpen = false;

  private constructor(options: HubCheckOptions, hubs: KnownHub[]) {
    this.#options = options;
    this.#where = formatAddress(options.address);
    this.#hubs = hubs;
  }

  /** Reads what is known now. */
  static async of(options: HubCheckOptions): Promise<HubCheck> {
    return new HubCheck(options, await knownHubs(options.home));
  }

  /** True where there is a secret for that address already. */
  get hasSecret(): boolean {
    return this.#secretOf(this.#known) !== undefined;
  }

  /**
   * Compares the hub's id with what is known before our name leaves; at first contact it pins a hub
   * of our own on loopback and where it knows the id from elsewhere, or leaves it to the secret.
   * Throws {@link UnknownHub}, {@link SecretWanted}, and "refused" for a key that changed.
   */
  async check(id: Uint8Array, auth: Auth): Promise<KnownAcceptor> {
    const pinned = this.#pinned;
    const isPinned = pinned !== undefined;
    if (pinned !== undefined && !sameKey(pinned, id)) {
      throw keyChanged(this.#where, { was: pinned, is: id });
    }
    const sameHub = this.#hubs.findLast(({ key }) => key === encodeKey(id));
    if (auth === "secret") {
      this.#secret = this.#secretOf(this.#known) ?? this.#secretOf(sameHub);
      if (this.#secret === undefined) throw new SecretWanted(this.#where);
      return { isPinned, secret: this.#secret };
    }
    const { skipPin } = this.#options;
    if (isPinned || skipPin) return { isPinned };
    if (sameHub === undefined && !await this.#isOurs(id)) throw new UnknownHub(this.#where, id);
    await this.#pin(id);
    return { isPinned };
  }

  /** True for a hub on this machine that is of this home, this user's or root's: nobody else's. */
  async #isOurs(id: Uint8Array): Promise<boolean> {
    const { address, identity } = this.#options;
    if (!isLoopback(address.host)) return false;
    return sameKey(identity.keyPair.id, id) || await isOwnListener(address);
  }

  /**
   * True where a stranger may have used its one guess at the secret: it was shown a proof, and has
   * not answered. Another connection would give it another guess (SPEC.md §4).
   */
  get isGuessOpen(): boolean {
    return this.#isGuessOpen;
  }

  /** Notes that our proof leaves. */
  proving(): void {
    this.#isGuessOpen = !this.isPinned;
  }

  /** True where its id was known before. */
  get isPinned(): boolean {
    return this.#pinned !== undefined;
  }

  /** Pins a hub that has proved the secret: it is the right one; and keeps that secret. */
  async proved({ remote: { id } }: Handshake): Promise<void> {
    const { home, remember, onProved } = this.#options;
    this.#isGuessOpen = false;
    onProved(id);
    const { key, secret } = this.#known ?? {};
    if (!remember) return;
    if (key === undefined) await this.#pin(id);
    if (secret !== this.#secret) await noteHub(home, this.#where, { secret: this.#secret });
  }

  get #known(): KnownHub | undefined {
    return findHub(this.#hubs, this.#where);
  }

  get #pinned(): Uint8Array | undefined {
    const key = this.#known?.key;
    return key === undefined ? this.#options.trusted : decodeKey(key);
  }

  #secretOf(hub: KnownHub | undefined): string | undefined {
    const { secret, isSecretWrong } = this.#options;
    return secret ?? (isSecretWrong ? undefined : hub?.secret);
  }

  async #pin(id: Uint8Array) {
    const { home, remember, onPinned } = this.#options;
    if (!remember) return;
    const before = await pinKey(home, this.#where, id);
    const moved = before !== undefined && before.address !== this.#where;
    onPinned({ fingerprint: fingerprint(id), ...moved && { movedFrom: before.address } });
  }
}
