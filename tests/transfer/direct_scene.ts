import { ReceivedContent } from "../../src/home/received_content.ts";
import { Staging } from "../../src/storage/part/staging.ts";
import type { TransferEvent } from "../../src/transfer/events.ts";
import { AlreadyHere } from "../../src/transfer/receive/already_here.ts";
import { Receiver, type ReceiverOptions } from "../../src/transfer/receive/receiver.ts";
import { type SendOptions, sendTransfer } from "../../src/transfer/send/direct_send.ts";
import type { Source } from "../../src/transfer/source/source.ts";
import { SessionPair } from "../helpers/session_pair.ts";
import { TempDir } from "../helpers/temp_dir.ts";

/** The id of the one transfer of a scene. */
export const TRANSFER = "0123456789abcdef".repeat(2);

/**
 * A sender and a receiver, a session in memory between them; `await using` ends all and looks for
 * leaks.
 */
export class DirectScene implements AsyncDisposable {
  /** What the receiver and the sender report, in order. */
  readonly received: TransferEvent[] = [];
  readonly sent: TransferEvent[] = [];
  /** Called with each event of the receiver. */
  onReceived: (event: TransferEvent) => void = () => {};
  /** The id of who sends. */
  senderId = new Uint8Array(32);
  readonly #dir: TempDir;
  readonly #receiver: Receiver;
  #pair: SessionPair | undefined;

  static async open(
    { acceptance = {}, onConflict = "rename" }: Partial<ReceiverOptions> = {},
  ): Promise<DirectScene> {
    const dir = await TempDir.make();
    const staging = await Staging.open(dir.join("in"), { keepMs: 86_400_000 });
    const alreadyHere = new AlreadyHere(staging.dir, new ReceivedContent(dir.join("home")));
    const options = { staging, acceptance, onConflict, alreadyHere, allowHidden: false };
    return new DirectScene(dir, options);
  }

  private constructor(dir: TempDir, options: Omit<ReceiverOptions, "report">) {
    this.#dir = dir;
    const report = (event: TransferEvent) => {
      this.received.push(event);
      this.onReceived(event);
    };
    this.#receiver = new Receiver({ ...options, report });
  }

  /**
   * The sender's session; the receiver answers on the other side. A new one where it was cut off.
   */
  async session() {
    this.#pair ??= await SessionPair.open({
      onOpen: (exchange, opening) => {
        const from = { key: this.senderId, name: "ana" };
        if (opening.type === "offer") this.#receiver.receive(exchange, { offer: opening, from });
      },
    });
    return this.#pair.initiator;
  }

  /** Sends the source. */
  async send(source: Source, options: Partial<SendOptions> = {}) {
    return await sendTransfer(await this.session(), source, {
      transfer: TRANSFER,
      to: "rack",
      report: (event) => this.sent.push(event),
      onReceipt: () => Promise.resolve(),
      signal: new AbortController().signal,
      ...options,
    });
  }

  /** Breaks the session off, and waits until the receiver has seen that. */
  async cut() {
    await this.#pair?.[Symbol.asyncDispose]();
    this.#pair = undefined;
    await this.#receiver.idle();
  }

  /** Resolves when the receiver has nothing under way. */
  idle(): Promise<void> {
    return this.#receiver.idle();
  }

  /** A path in the folder of the scene; the receiver's is `in`. */
  path(...names: string[]): string {
    return this.#dir.join(...names);
  }

  /** Names in the receiver's folder, without the one for parts. */
  names(): string[] {
    return namesIn(this.path("in")).filter((name) => name !== ".p2p-partial");
  }

  /** How many parts wait to go on. */
  get parts(): number {
    return namesIn(this.path("in", ".p2p-partial")).length;
  }

  async [Symbol.asyncDispose]() {
    await this.cut();
    await this.#dir[Symbol.asyncDispose]();
  }
}

function namesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
}
