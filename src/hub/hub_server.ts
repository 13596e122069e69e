import { join } from "node:path";
import { type Clock, systemClock } from "../clock.ts";
import { P2pError } from "../errors.ts";
import type { Identity } from "../home/identity.ts";
import { findPerson, vouchedKeys } from "../home/known_people.ts";
import { ReceivedContent } from "../home/received_content.ts";
import { fingerprint } from "../secure/fingerprint.ts";
import { warmMlKem } from "../secure/ml_kem.ts";
import type { Acceptance } from "../transfer/receive/acceptance.ts";
import type { TransferEvent } from "../transfer/events.ts";
import { openReceiver, type ReceiverChoices } from "../transfer/open_receiver.ts";
import type { Receiver } from "../transfer/receive/receiver.ts";
import type { Address } from "../transport/address.ts";
import { Hub, type Peer } from "./hub.ts";
import { type HubEvent, outcomeEvent } from "./hub_event.ts";
import { listen, type Listening } from "./listen.ts";
import { NameRegistry } from "./name_registry.ts";
import { HubPolicy } from "./policy/hub_policy.ts";
import type { Rule } from "./policy/policy.ts";
import { roomOnDisk } from "./room_on_disk.ts";
import { neededNames } from "./needed_names.ts";
import { Spool } from "./spool/spool.ts";
import { type Sweep, Sweeps } from "../sweeps.ts";
import { LineLimit } from "./line_limit.ts";
import { formatCount } from "../units.ts";
import { Book } from "../storage/book/book.ts";
import { Switchboard } from "./switchboard.ts";

/** Options of {@link openHubServer}. */
export interface HubServerOptions {
  /** The address to listen on, `localhost` for both families; port 0 takes a free one. */
  address: Address;
  /** The folder with the hub's keys and state. */
  home: string;
  identity: Identity;
  /** The name that the hub goes by. */
  name: string;
  /** Peers have to prove that they know it; undefined lets all in. */
  secret?: string | undefined;
  /** Lets only those in whom this home has vouched for. */
  onlyKnown: boolean;
  /** The rules of a policy; undefined for none. */
  rules?: readonly Rule[] | undefined;
  /** The choices for transfers to the hub itself. */
  receive: ReceiverChoices;
  /** Asks a person about each of them. */
  ask?: Acceptance["ask"];
  /** The time for which transfers wait for their recipients, in milliseconds. */
  keepMs: number;
  /** Most bytes that one key has here, and that wait for one person. */
  quotaBytes?: number | undefined;
  /** Most bytes that all together may have here; {@link roomOnDisk} where it is not said. */
  diskBytes?: number | undefined;
  onEvent: (event: HubServerEvent) => void;
  /** The clock of the sweeps; that of the system by default. */
  clock?: Clock;
}

/** A change at a hub, for those who show it. */
export type HubServerEvent =
  /** Of a transfer to the hub itself. */
  | { type: "transfer"; event: TransferEvent }
  /** Of the people at the hub, and of what passes between them. */
  | { type: "people"; event: HubEvent }
  /**
   * Something went wrong, with the peer at an IP address or, without one, with the hub; it goes on.
   */
  | { type: "error"; from: string | undefined; error: Error };

/** A hub that is running. */
export interface HubServer {
  /** The address that it listens on. */
  readonly address: Address;
  /** Why somebody else may answer where it is looked for. */
  readonly trouble: string | undefined;
  /**
   * Tells all peers, ends what is under way so that it can go on, and resolves when all is on disk.
   */
  close(): Promise<void>;
}

/**
 * Opens a hub: everything that one process needs to be one. "local" where the port, the folder or
 * the spool cannot be used, "usage" for a host that is not this machine's.
 */
export async function openHubServer(options: HubServerOptions): Promise<HubServer> {
  const { address, identity: { keyPair }, name, secret, onEvent } = options;
  const warm = warmMlKem().catch(() => {}); // Where it fails, the first handshake says so.
  const stores = await openStores(options);
  const { book, people, policy, receiver, spool } = stores;
  const onError = (error: Error, from?: string) => onEvent({ type: "error", from, error });
  const limits = { troubles: new LineLimit(TROUBLES), comings: new LineLimit(COMINGS) };
  const switchboard = new Switchboard({
    ...{ people, spool, book, onError },
    report: (event, address) => {
      if (address !== undefined && !limits.comings.mayTell(address)) return;
      onEvent({ type: "people", event });
    },
    maxBytes: options.receive.maxFileSize,
    refusesRelay: policy && ((from, about) => policy.refusesRelay(from, about)),
    receive: (exchange, offer, from) => receiver.receive(exchange, { offer, from }),
  });
  try {
    const listening = listen(address);
    const hub = new Hub({
      ...{ listeners: listening.listeners, keyPair, name, secret },
      nameFor: async (key, called) => {
        people.holdFor(await vouchedKeys(options.home));
        return people.nameFor(key, called);
      },
      refusePeer: async (peer) => {
        people.holdFor(await vouchedKeys(options.home));
        return switchboard.refuseName(peer) ?? await refuseUnknown(peer, options);
      },
      onOpen: (peer, address) => (exchange, opening, session) =>
        switchboard.open(peer, { exchange, opening, session, address }),
      onError: (from, error: P2pError) => {
        if (from === "" || limits.troubles.mayTell(from)) onError(error, from || undefined);
      },
    });
    const sweeps = new Sweeps(sweepsOf(options, { ...stores, switchboard, limits }), {
      clock: options.clock ?? systemClock,
      onError,
    });
    return new RunningHub(listening, { hub, switchboard, receiver, spool, sweeps, warm });
  } catch (error) {
    await spool.close();
    throw error;
  }
}

/** What a hub keeps. */
interface Stores {
  book: Book;
  people: NameRegistry;
  policy: HubPolicy | undefined;
  receiver: Receiver;
  spool: Spool;
}

/** Opens what a hub keeps, all of it in one book. */
async function openStores(options: HubServerOptions): Promise<Stores> {
  const { home, rules, keepMs, onEvent } = options;
  const book = new Book(options);
  const people = await NameRegistry.open(home, book);
  const policy = rules && new HubPolicy(rules, { home, people });
  await policy?.check();
  const receiver = await receiverOf(options, { policy, book });
  const spool = await Spool.open(home, {
    ...{ keepMs, book },
    onOutcome: (transfer, outcome) =>
      onEvent({ type: "people", event: outcomeEvent(transfer, outcome) }),
  });
  if (options.diskBytes === undefined) {
    book.limitDisk(book.all.onDisk + await roomOnDisk([options.receive.dir, home]));
  }
  return { book, people, policy, receiver, spool };
}

/** What is done once a minute. */
function sweepsOf(
  { home, rules = [], onEvent }: HubServerOptions,
  { people, receiver, spool, switchboard, limits }: Stores & {
    switchboard: Switchboard;
    limits: LineLimits;
  },
): Sweep[] {
  return [
    () => spool.sweep(),
    () => receiver.sweep(),
    async () => people.sweep(await neededNames({ home, rules, spool, switchboard })),
    () => {
      const untold = [
        [limits.troubles.reset(), "more connection", "failed"],
        [limits.comings.reset(), "more time", "somebody joined or left"],
      ] as const;
      for (const [times, what, happened] of untold) {
        if (times === 0) continue;
        const message = `${formatCount(times, what)} ${happened} in the last minute`;
        onEvent({ type: "error", from: undefined, error: new P2pError("protocol", message) });
      }
    },
  ];
}

/** Connections that fail, and people who come and go: the lines that cost a stranger nothing. */
interface LineLimits {
  troubles: LineLimit;
  comings: LineLimit;
}

/** Lines a minute; those who join and leave are people after all. */
const TROUBLES = { ofNetwork: 10, all: 100 };
const COMINGS = { ofNetwork: 100, all: 1_000 };

/** The parts of a running hub. */
interface HubParts {
  hub: Hub;
  switchboard: Switchboard;
  receiver: Receiver;
  spool: Spool;
  sweeps: Sweeps;
  /** Resolves when the first handshake costs no more than the others. */
  warm: Promise<void>;
}

class RunningHub implements HubServer {
  readonly address: Address;
  readonly trouble: string | undefined;
  readonly #parts: HubParts;
  #closing: Promise<void> | undefined;

  constructor({ address, trouble }: Listening, parts: HubParts) {
    this.address = address;
    this.trouble = trouble;
    this.#parts = parts;
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** From the door inwards: each step ends what could still need the ones after it. */
  async #close() {
    const { hub, switchboard, receiver, spool, sweeps, warm } = this.#parts;
    await warm;
    // 1. No peer comes in any more; those that are here are told, and their sessions end, and every
    // exchange with them.
    await hub.close();
    // 2. Whatever people had opened ends: uploads, deliveries and joins write their last.
    await switchboard.idle();
    // 3. So do transfers to the hub itself: their parts are synced, and go on at the next offer.
    await receiver.idle();
    // 4. Nothing writes to the spool any more: it is synced, and its lock given back.
    await sweeps[Symbol.asyncDispose]();
    await spool.close();
  }
}

function receiverOf(
  { receive, home, ask, onEvent }: HubServerOptions,
  { policy, book }: { policy: HubPolicy | undefined; book: Book },
): Promise<Receiver> {
  return openReceiver(receive, {
    report: (event) => onEvent({ type: "transfer", event }),
    ask,
    kept: { book, published: join(home, "published.jsonl") },
    policy: policy && ((offer, from) => policy.refusesOffer(from, offer)),
    received: new ReceivedContent(home),
  });
}

async function refuseUnknown(
  { key, name }: Peer,
  { home, onlyKnown }: HubServerOptions,
): Promise<string | undefined> {
  if (!onlyKnown || await findPerson(home, key) !== undefined) return undefined;
  return `"${name}" (${fingerprint(key)}) is not known here, and only known people are accepted`;
}
