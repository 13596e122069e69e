import type { ClientEvent } from "../../client/client_event.ts";
import { HubClient, type SharedSecret } from "../../client/hub_client.ts";
import { Membership } from "../../client/membership.ts";
import { Backoff } from "../../backoff.ts";
import { asP2pError, P2pError } from "../../errors.ts";
import type { Identity } from "../../home/identity.ts";
import type { Settings } from "../../home/settings.ts";
import { sleep } from "../../sleep.ts";
import { parseAddress } from "../../transport/address.ts";
import { printable, printableName } from "../../ui/printable.ts";
import { BackgroundReceiver } from "./background_receiver.ts";
import type { News } from "./news.ts";

/** The pauses between tries to join. */
const PAUSES = { firstMs: 1_000, longestMs: 30_000 };

/** The person who joins, and the hub. */
export interface BackgroundJoinOptions {
  home: string;
  identity: Identity;
  settings: Settings;
  /** The secret of the hub, where it is known. */
  secret: SharedSecret;
  news: News;
}

/**
 * Being joined while the menu is open: it asks nothing, prints nothing, and goes on trying; what
 * there is to say is news.
 */
export class BackgroundJoin {
  readonly #news: News;
  readonly #client: HubClient;
  readonly #receiver: BackgroundReceiver;
  readonly #ended = new AbortController();
  readonly #staying: Promise<void>;
  #pause = new AbortController();
  #isJoined = false;
  /** The reason for not being joined, as it was told. */
  #trouble: string | undefined;

  /** Begins to join. */
  constructor({ home, identity, secret, news, settings }: BackgroundJoinOptions) {
    const { name, hub, dir } = settings;
    this.#news = news;
    this.#client = new HubClient({
      ...{ address: parseAddress(hub), identity, name, home, secret },
      questions: {
        trustKey: () => Promise.reject(unasked(`${hub} is new`)),
        secret: () => Promise.reject(unasked(`${hub} wants a secret`)),
      },
      onEvent: (event) => this.#take(event),
    });
    this.#receiver = new BackgroundReceiver(this.#client, { dir, news });
    this.#staying = this.#stay();
  }

  /** Tries again now, where we are not joined. */
  wake(): void {
    this.#pause.abort();
  }

  /**
   * Leaves; resolves when the hub knows it, and nothing that was on its way is being written any
   * more.
   */
  async leave(): Promise<void> {
    this.#ended.abort();
    await this.#staying;
    await this.#receiver.idle();
  }

  async #stay() {
    const { signal } = this.#ended;
    const pauses = new Backoff(PAUSES);
    while (!signal.aborted) {
      try {
        await new Membership(this.#client, this.#receiver).keep(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#fail(asP2pError(error));
        // The same person has joined elsewhere: two that come back would throw each other out for ever.
        if (this.#isJoined) return;
      }
      this.#pause = new AbortController();
      await sleep(pauses.next(), AbortSignal.any([signal, this.#pause.signal])).catch(() => {});
    }
  }

  #take(event: ClientEvent) {
    if (event.type === "joined") this.#joined();
    if (event.type === "lost") this.#lost();
    if (event.type === "refused") {
      this.#news.tell(
        `refused what the hub brought from ${printableName(event.from)}: ${
          printable(event.reason)
        }`,
      );
    }
  }

  #joined() {
    this.#isJoined = true;
    if (this.#trouble !== undefined) this.#news.tell("joined: others can send to you now");
    this.#trouble = undefined;
  }

  #lost() {
    this.#isJoined = false;
    this.#tellOnce("the connection to the hub was lost, and is tried again");
  }

  #fail({ code, message, hint }: P2pError) {
    if (code === "connection" && this.#trouble !== undefined) return;
    this.#tellOnce(`not joined: ${message}${hint === undefined ? "" : `; ${hint}`}`);
  }

  #tellOnce(trouble: string) {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#news.tell(printable(trouble));
  }
}

/** The refusal of a question: asked in the background it would tear another one. */
function unasked(what: string): P2pError {
  return new P2pError("refused", what, { hint: "choose «Who is here» to be asked about it" });
}
