import assert from "node:assert/strict";
import { sessionLines } from "../../../src/cli/display/sessions.ts";
import type { SessionState } from "../../../src/protocol/session_state.ts";

Deno.test("sessionLines tells of each session and exchange what it waits for, and for how long", () => {
  const session: SessionState = {
    number: 3,
    remoteAddress: { host: "127.0.0.1", port: 5123 },
    peer: "ana\u001b[2J",
    openMs: 12_000,
    silentMs: 3_000,
    exchanges: [
      { number: 5, topic: "relay", inFlight: 4e6, waitsFor: "credit", waitMs: 12_000 },
      { number: 7, topic: "offer", inFlight: 0, waitsFor: "message", waitMs: 100 },
      { number: 9, topic: undefined, inFlight: 0, waitsFor: undefined, waitMs: undefined },
    ],
  };
  assert.deepEqual(sessionLines([session, { ...session, peer: undefined, exchanges: [] }]), [
    "session 3 with 127.0.0.1:5123 (ana\\u{1b}[2J): open 12 s, last heard 3 s ago",
    "  exchange 5 relay: waits for credit, 4.0 MB in flight, 12 s",
    "  exchange 7 offer: waits for a message, 100 ms",
    "  exchange 9 without a message: waits for nothing",
    "session 3 with 127.0.0.1:5123: open 12 s, last heard 3 s ago",
  ]);
  assert.deepEqual(sessionLines([]), ["no session is open"]);
});
