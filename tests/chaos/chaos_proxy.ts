import { once } from "node:events";
import net, { type AddressInfo, type Socket } from "node:net";
import type { Random } from "./random.ts";

/** Bytes of each direction that are cut into slices: the handshake and the first messages. */
const SLICED_BYTES = 3_000;

/** Bytes that are held back at once in each direction. */
const MAX_HELD_BYTES = 2 ** 20;

/** What is wrong with one connection; bytes are counted over both directions. */
export interface Fault {
  /** Each piece comes that much later, but for `jitterMs` more at most. */
  latencyMs?: number;
  jitterMs?: number;
  bytesPerSecond?: number;
  /** The first bytes come in slices of so many at most. */
  sliceBytes?: number;
  /** Both halves end behind so many bytes, as when a program ends. */
  cutAfter?: number;
  /** The second half ends so much later than the first. */
  slowCloseMs?: number;
  /** Both halves are reset behind so many bytes. */
  resetAfter?: number;
  /** Nothing passes behind so many bytes, for `stallMs`; then the connection is reset. */
  stallAfter?: number;
  stallMs?: number;
}

/** Makes the fault of one more connection. */
export type FaultMaker = (random: Random) => Fault;

/** The kinds of fault, each with other figures at every connection; `bytes` is about what will pass. */
export function faultMakers(bytes: number): Record<string, FaultMaker> {
  // Each order of magnitude as often as the next, for the first messages; each place, for what follows.
  const behind = (random: Random) =>
    random.next() < 0.5 ? random.spread(1, bytes) : random.int(1, bytes);
  return {
    latency: (random) => ({ latencyMs: random.int(5, 50) }),
    jitter: (random) => ({ latencyMs: 1, jitterMs: random.int(5, 50) }),
    bandwidth: (random) => ({ bytesPerSecond: random.int(8e6, 40e6) }),
    slices: (random) => ({ sliceBytes: random.int(1, 3) }),
    cut: (random) => ({ cutAfter: behind(random) }),
    reset: (random) => ({ resetAfter: behind(random) }),
    stall: (random) => ({ stallAfter: behind(random), stallMs: random.int(100, 1500) }),
    "slow close": (random) => ({ cutAfter: behind(random), slowCloseMs: random.int(100, 800) }),
  };
}

/** A TCP proxy on loopback in front of `target`, a port, that does to connections what networks do. */
export class ChaosProxy implements AsyncDisposable {
  readonly port: number;
  readonly #server: net.Server;
  readonly #random: Random;
  readonly #lines = new Set<Line>();
  #maker: FaultMaker | undefined;
  #armed = 0;
  #broken = 0;

  static async open(target: number, random: Random): Promise<ChaosProxy> {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new ChaosProxy(server, target, random);
  }

  private constructor(server: net.Server, target: number, random: Random) {
    this.#server = server;
    this.#random = random;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (client) => this.#add(client, target));
  }

  /** The address to connect to. */
  get to(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** How many connections a fault has ended so far. */
  get broken(): number {
    return this.#broken;
  }

  /** Faults for the connections that are open now, and for `more` that will be opened; the others are left alone. */
  arm(maker: FaultMaker, { more }: { more: number }): void {
    this.#maker = maker;
    this.#armed = more;
    for (const line of this.#lines) line.suffer(maker(this.#random));
  }

  /** Resets what is open now. */
  breakOff(): void {
    for (const line of this.#lines) line.reset();
  }

  async [Symbol.asyncDispose]() {
    this.breakOff();
    this.#server.close();
    await once(this.#server, "close");
  }

  #add(client: Socket, target: number) {
    const line = new Line(
      client,
      net.connect({ port: target, host: "127.0.0.1", allowHalfOpen: true }),
      {
        random: this.#random,
        onBreak: () => this.#broken++,
        onEnd: () => this.#lines.delete(line),
      },
    );
    this.#lines.add(line);
    if (this.#armed-- > 0) line.suffer(this.#maker!(this.#random));
  }
}

/** One connection through the proxy. */
class Line {
  readonly #sockets: readonly [Socket, Socket];
  readonly #options: { random: Random; onBreak: () => void; onEnd: () => void };
  #fault: Fault = {};
  #passed = 0;
  #isBroken = false;

  constructor(
    client: Socket,
    server: Socket,
    options: { random: Random; onBreak: () => void; onEnd: () => void },
  ) {
    this.#sockets = [client, server];
    this.#options = options;
    for (const socket of this.#sockets) socket.on("error", () => {});
    server.setNoDelay(true);
    const passing = [this.#pass(client, server), this.#pass(server, client)];
    Promise.allSettled(passing).then(() => {
      this.reset();
      options.onEnd();
    });
  }

  /** Has `fault` from here on. */
  suffer(fault: Fault): void {
    this.#fault = fault;
    this.#passed = 0;
  }

  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** One direction, to its end. What is late is on its way together, as on a real line. */
  async #pass(from: Socket, to: Socket) {
    let sending = Promise.resolve();
    let held = 0;
    let passed = 0;
    try {
      for await (const chunk of from as AsyncIterable<Uint8Array>) {
        const due = performance.now() + this.#delay();
        held += chunk.length;
        const before = passed;
        passed += chunk.length;
        sending = sending.then(async () => {
          await wait(due - performance.now());
          await this.#send(to, chunk, before);
          held -= chunk.length;
        });
        sending.catch(() => this.reset());
        if (held > MAX_HELD_BYTES) await sending;
      }
      await sending;
      to.end();
    } catch {
      // One side has gone: the other one is told the same.
      this.reset();
    }
  }

  #delay(): number {
    const { latencyMs = 0, jitterMs = 0 } = this.#fault;
    return latencyMs + jitterMs * this.#options.random.next();
  }

  async #send(to: Socket, chunk: Uint8Array, before: number) {
    for (const piece of this.#slices(chunk, before)) {
      const { bytesPerSecond = Infinity } = this.#fault;
      const room = this.#room();
      if (room > 0 && !to.write(piece.subarray(0, room))) await once(to, "drain");
      this.#passed += piece.length;
      if (room <= piece.length) await this.#break();
      await wait(1000 * piece.length / bytesPerSecond);
    }
  }

  *#slices(chunk: Uint8Array, before: number): Generator<Uint8Array> {
    const { sliceBytes } = this.#fault;
    let at = 0;
    while (sliceBytes !== undefined && before + at < SLICED_BYTES && at < chunk.length) {
      yield chunk.subarray(at, at += sliceBytes);
    }
    if (at < chunk.length) yield chunk.subarray(at);
  }

  /** Bytes that pass before the line breaks. */
  #room(): number {
    const { cutAfter = Infinity, resetAfter = Infinity, stallAfter = Infinity } = this.#fault;
    return Math.max(0, Math.min(cutAfter, resetAfter, stallAfter) - this.#passed);
  }

  async #break(): Promise<never> {
    const { cutAfter, slowCloseMs = 0, stallMs = 0 } = this.#fault;
    if (!this.#isBroken) this.#options.onBreak();
    this.#isBroken = true;
    if (cutAfter !== undefined) {
      const [first, second] = this.#options.random.shuffled(this.#sockets);
      first!.end();
      await wait(slowCloseMs);
      second!.end();
      await wait(20);
    } else await wait(stallMs);
    throw new Error("broken");
  }
}

/** No timer where there is nothing to wait for. */
function wait(ms: number): Promise<void> {
  return ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : Promise.resolve();
}
