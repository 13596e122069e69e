import type { Connection } from "../../src/transport/connection.ts";
import { Loopback } from "./loopback.ts";

/** One change to the bytes of one direction: at `at` some are dropped, put in, flipped or sent twice, or it ends there. */
export interface Tampering {
  direction: "to server" | "to client";
  at: number;
  kind: "flip" | "drop" | "insert" | "repeat" | "end";
}

/** A connection on loopback that goes through somebody who changes it once. */
export class TamperedLoopback implements Disposable {
  readonly client: Connection;
  readonly server: Connection;
  readonly #inside: Connection[];

  static async open(tampering: Tampering): Promise<TamperedLoopback> {
    const [near, far] = [await Loopback.open(), await Loopback.open()];
    const isUp = tampering.direction === "to server";
    pass(near.server, far.client, isUp ? tampering : undefined);
    pass(far.client, near.server, isUp ? undefined : tampering);
    return new TamperedLoopback(near.client, far.server, [near.server, far.client]);
  }

  private constructor(client: Connection, server: Connection, inside: Connection[]) {
    this.client = client;
    this.server = server;
    this.#inside = inside;
  }

  [Symbol.dispose]() {
    for (const conn of [this.client, this.server, ...this.#inside]) conn.close();
  }
}

/** One direction, to its end. */
async function pass(from: Connection, to: Connection, tampering?: Tampering) {
  const buffer = new Uint8Array(65_536);
  let passed = 0;
  try {
    for (let read; (read = await from.read(buffer)) !== null; passed += read) {
      const bytes = buffer.subarray(0, read);
      const at = tampering === undefined ? -1 : tampering.at - passed;
      const isHit = at >= 0 && at < read;
      for (const piece of isHit ? tampered(bytes, at, tampering!.kind) : [bytes]) {
        await to.write(piece);
      }
      if (isHit && tampering!.kind === "end") break;
    }
    await to.closeWrite();
  } catch {
    from.close();
    to.close();
  }
}

function tampered(bytes: Uint8Array, at: number, kind: Tampering["kind"]): Uint8Array[] {
  const [before, rest] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (kind) {
    case "flip":
      return [before, Uint8Array.of(rest[0]! ^ 1 << at % 8), rest.subarray(1)];
    case "drop":
      return [before, rest.subarray(1)];
    case "insert":
      return [before, Uint8Array.of(at % 256), rest];
    case "repeat":
      return [before, rest, rest];
    case "end":
      return [before];
  }
}
