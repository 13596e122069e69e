import { toBase64url } from "../bytes.ts";
import type { Exchange } from "../protocol/exchange.ts";
import type { Message } from "../protocol/messages.ts";
import { randomBytes } from "../secure/random.ts";
import { type Account, Book, isNoRoom } from "../storage/book/book.ts";
import { FailureLimit, networkOf, tooMany } from "./failure_limit.ts";

/** A nameplate is held in memory alone. */
const PRICE = { bytes: 0, files: 0, items: 1 };

/**
 * Times of a nameplate, of each step of two that meet, and of a no, whatever its reason (SPEC.md
 * §19).
 */
const TIMES = { lifetimeMs: 600_000, stepMs: 10_000, noMs: 3_000 };

/** The answer to a claim that does not fit, or of a nameplate that is not there. */
const NO = "the code is wrong, used up or expired";

/** A code that waits for the one proof that it gets. */
interface Waiting {
  opening: string;
  claimed: (claim: Claim) => void;
}

/** A claimant, with its proof that it knows the code. */
interface Claim {
  exchange: Exchange;
  proof: string;
  /** Undefined is a no. */
  answer: (body: string | undefined) => void;
  over: () => void;
}

/** Options of {@link Nameplates}. */
export interface NameplatesOptions {
  book?: Book;
  failures?: FailureLimit;
  times?: Partial<typeof TIMES>;
}

/**
 * Pairs the maker of a code with the one who types it, and knows nothing of the code but its
 * nameplate (SPEC.md §19).
 */
export class Nameplates {
  /** The numbers that are out; undefined for those that have been claimed, or are not ready yet. */
  readonly #waiting = new Map<number, Waiting | undefined>();
  readonly #book: Book;
  readonly #failures: FailureLimit;
  readonly #times: typeof TIMES;
  /** The openings of nameplates that are not there: each always has the same, as those that are. */
  readonly #nobodys = randomBytes(32);

  constructor(
    { book = new Book(), failures = new FailureLimit(), times = {} }: NameplatesOptions = {},
  ) {
    this.#book = book;
    this.#failures = failures;
    this.#times = { ...TIMES, ...times };
  }

  /** Gives a nameplate to a peer, in whose account it is, and brings the one that claims it. */
  async offer(exchange: Exchange, account: Account): Promise<void> {
    const booked = this.#book.book("nameplate", account, { price: PRICE });
    if (isNoRoom(booked)) {
      return await refuse(exchange, `${booked.reason}; try again in some minutes`);
    }
    using _ = booked;
    const nameplate = this.#freeNumber();
    this.#waiting.set(nameplate, undefined);
    try {
      const until = Date.now() + this.#times.lifetimeMs;
      await exchange.send({ type: "allocated", nameplate, until });
      await this.#serve(exchange, nameplate);
    } finally {
      this.#waiting.delete(nameplate);
    }
  }

  /**
   * Lets a peer at `address` try a nameplate, once; a wrong code is answered as a nameplate that is
   * not there. It is the proof that counts and burns the nameplate: whoever asks and goes on no
   * further takes nothing from anybody.
   */
  async claim(
    exchange: Exchange,
    { nameplate, address }: { nameplate: number; address: string },
  ): Promise<void> {
    const waiting = this.#waiting.get(nameplate);
    // Made in any case: it takes a moment that could be measured.
    const nobodys = await nobodysBody(this.#nobodys, nameplate);
    await exchange.send({ type: "pair", body: waiting?.opening ?? nobodys });
    const proof = await within(this.#times.stepMs, bodyOf(exchange.receive()));
    if (proof === undefined) return await refuse(exchange, NO);
    const over = Promise.withResolvers<void>();
    const right = await this.#failures.attempt(networkOf(address), () => {
      const found = this.#burn(nameplate, waiting);
      return this.#try({ exchange, proof, over: over.resolve }, found);
    });
    if (typeof right === "number") return await refuse(exchange, tooMany("codes", right));
    if (right) await over.promise;
  }

  /** From the creator's opening to the end of what it and its claimant have to say. */
  async #serve(exchange: Exchange, nameplate: number) {
    const opening = await bodyOf(exchange.receive());
    if (opening === undefined) return;
    const answer = bodyOf(exchange.receive());
    const claimed = Promise.withResolvers<Claim>();
    this.#waiting.set(nameplate, { opening, claimed: claimed.resolve });
    const left = answer.then(() => "left" as const);
    const claim = await within(this.#times.lifetimeMs, Promise.race([claimed.promise, left]));
    this.#waiting.set(nameplate, undefined);
    if (claim === "left") return;
    if (claim === undefined) return await refuse(exchange, "nobody has typed the code in time");
    try {
      await this.#introduce(exchange, { claim, answer });
    } finally {
      claim.answer(undefined);
      claim.over();
    }
  }

  /**
   * Passes on the proof, the answer to it, and the last word; then tells each side how the other
   * ended it.
   */
  async #introduce(
    exchange: Exchange,
    { claim, answer }: { claim: Claim; answer: Promise<string | undefined> },
  ) {
    await exchange.send({ type: "pair", body: claim.proof });
    const body = await within(this.#times.noMs, answer);
    claim.answer(body);
    if (body === undefined) return;
    const last = await within(this.#times.stepMs, bodyOf(claim.exchange.receive()));
    if (last === undefined) {
      return await refuse(exchange, "somebody has tried the code and did not go on: it is used up");
    }
    await exchange.send({ type: "pair", body: last });
    await tellTheEnd(exchange, claim.exchange);
  }

  /** What waited when its opening went out, where it waits still; from now on it does not. */
  #burn(nameplate: number, waiting: Waiting | undefined): Waiting | undefined {
    if (waiting === undefined || this.#waiting.get(nameplate) !== waiting) return undefined;
    this.#waiting.set(nameplate, undefined);
    return waiting;
  }

  /** One guess: whether it was right. Takes its time for a no. */
  async #try(
    { exchange, proof, over }: Omit<Claim, "answer">,
    waiting: Waiting | undefined,
  ): Promise<boolean> {
    const no = sleepFor(this.#times.noMs);
    const answered = Promise.withResolvers<string | undefined>();
    waiting?.claimed({ exchange, proof, answer: answered.resolve, over });
    const yes = answered.promise.then((body) => body ?? no.over);
    const body = await Promise.race([yes, no.over]);
    no.stop();
    if (body === undefined) await refuse(exchange, NO);
    else await exchange.send({ type: "pair", body });
    return body !== undefined;
  }

  /** Short, as long as few are out, and still one of so many that nobody burns them all. */
  #freeNumber(): number {
    const least = this.#waiting.size < 450 ? 100 : 1_000;
    while (true) {
      const number = least + Math.floor(Math.random() * 9 * least);
      if (!this.#waiting.has(number)) return number;
    }
  }
}

/** An opening that no creator has sent, and that looks as if. */
async function nobodysBody(seed: Uint8Array, nameplate: number): Promise<string> {
  const { nobodysOpening } = await import("../secure/code_exchange.ts");
  return toBase64url(nobodysOpening(seed, nameplate));
}

/** The body of the next message; undefined where it is another one, or none comes any more. */
function bodyOf(receiving: Promise<Message>): Promise<string | undefined> {
  return receiving.then(
    (message) => message.type === "pair" ? message.body : undefined,
    () => undefined,
  );
}

/** Waits until one of two that have met is done, has stopped or has gone, and tells the other. */
async function tellTheEnd(a: Exchange, b: Exchange) {
  const end = (from: Exchange, to: Exchange) =>
    from.receive().then(({ type }) => ({ to, type }), () => ({ to, type: "gone" }));
  const { to, type } = await Promise.race([end(a, b), end(b, a)]);
  if (type === "settled") return await to.send({ type });
  const [code, reason] = type === "gone"
    ? ["interrupted", "the other side has gone"] as const
    : ["declined", "the other side has stopped"] as const;
  await to.send({ type: "cancel", code, reason });
}

function refuse(exchange: Exchange, reason: string): Promise<void> {
  return exchange.send({ type: "refuse", code: "declined", reason });
}

/** The result of `work`, or undefined after `ms`. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  const late = sleepFor(ms);
  try {
    return await Promise.race([work, late.over]);
  } finally {
    late.stop();
  }
}

function sleepFor(ms: number): { over: Promise<undefined>; stop: () => void } {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), ms);
  return { over: promise, stop: () => clearTimeout(timer) };
}
