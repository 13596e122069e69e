import { P2pError } from "../../errors.ts";
import type { SecretSource } from "../../client/connect.ts";
import { WRONG_SECRET } from "../../protocol/prove_secret.ts";
import type { Identity } from "../../home/identity.ts";
import { sleep } from "../../sleep.ts";
import { parseAddress } from "../../transport/address.ts";
import { printable } from "../../ui/printable.ts";
import { BackgroundReceiver } from "./background_receiver.ts";
import { Membership } from "../../client/membership.ts";
import type { News } from "./news.ts";
import type { Settings } from "../../home/settings.ts";
import { SilentOutput } from "../display/silent_output.ts";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** Who is present where. */
export interface BackgroundJoinOptions {
  home: string;
  identity: Identity;
  settings: Settings;
  /** The secret of the hub, where it is known. */
  secret: SecretSource;
  news: News;
}

/** Being joined while the menu is open: it asks nothing, prints nothing, and goes on trying; what there is to say is news. */
export class BackgroundJoin {
  readonly #options: BackgroundJoinOptions;
  readonly #deliveries: BackgroundReceiver;
  readonly #ended = new AbortController();
  readonly #staying: Promise<void>;
  #pause = new AbortController();
  #isJoined = false;
  #triedSecret: string | undefined;
  /** Why we are not joined, as it was told. */
  #trouble: string | undefined;

  /** Begins to join. */
  constructor(options: BackgroundJoinOptions) {
    this.#options = options;
    const { home, identity, news, settings: { dir } } = options;
    this.#deliveries = new BackgroundReceiver({ home, identity, dir, news });
    this.#staying = this.#stay();
  }

  /** Whether the hub has taken us. */
  get isJoined(): boolean {
    return this.#isJoined;
  }

  /** Tries again now, where we are not joined. */
  wake(): void {
    this.#pause.abort();
  }

  /** Leaves; resolves when the hub knows it, and nothing that was on its way is being written any more. */
  async leave(): Promise<void> {
    this.#ended.abort();
    await this.#staying;
    await this.#deliveries.idle();
  }

  async #stay() {
    const { signal } = this.#ended;
    for (let ms = FIRST_PAUSE_MS; !signal.aborted; ms = Math.min(2 * ms, LONGEST_PAUSE_MS)) {
      try {
        await this.#membership().keep(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#fail(error as Error);
        // The same person has joined elsewhere: two that come back would throw each other out for ever.
        if (this.#isJoined) return void (this.#isJoined = false);
      }
      this.#pause = new AbortController();
      await sleep(ms, AbortSignal.any([signal, this.#pause.signal])).catch(() => {});
    }
  }

  #membership(): Membership {
    const { home, identity, secret, settings: { name, hub } } = this.#options;
    this.#triedSecret = secret.known;
    return new Membership({
      ...{ address: parseAddress(hub), identity, name, home, deliveries: this.#deliveries },
      trustNew: () => Promise.reject(this.#unasked(`${hub} is new`)),
      secret: {
        known: this.#triedSecret,
        ask: () => Promise.reject(this.#unasked(`${hub} wants a secret`)),
      },
      output: new SilentOutput({
        onEvent: ({ event }) => event === "connected" && this.#joined(),
        onWarning: () => this.#cut(),
      }),
    });
  }

  /** A question that nobody expects would tear another one. */
  #unasked(what: string): P2pError {
    return new P2pError("refused", what, { hint: "choose «Who is here» to be asked about it" });
  }

  #joined() {
    this.#isJoined = true;
    if (this.#trouble !== undefined) this.#options.news.tell("joined: you can be sent to");
    this.#trouble = undefined;
  }

  #cut() {
    this.#isJoined = false;
    this.#tellOnce("the connection to the hub was lost, and is tried again");
  }

  #fail(error: Error) {
    const { secret } = this.#options;
    const isWrong = error.message.endsWith(WRONG_SECRET) && secret.known === this.#triedSecret;
    if (isWrong) secret.known = undefined; // Another one may have been typed since.
    const { code, hint } = error instanceof P2pError ? error : { code: "unexpected" };
    if (code === "connection" && this.#trouble !== undefined) return;
    this.#tellOnce(`not joined: ${error.message}${hint === undefined ? "" : `; ${hint}`}`);
  }

  #tellOnce(trouble: string) {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#options.news.tell(printable(trouble));
  }
}
