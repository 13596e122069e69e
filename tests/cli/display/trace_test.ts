import assert from "node:assert/strict";
import { parseTopics, traceLine } from "../../../src/cli/display/trace.ts";

Deno.test("parseTopics takes topics with commas between them, and lists them where one is unknown", () => {
  assert.deepEqual(parseTopics(""), []);
  assert.deepEqual(parseTopics("storage, session,"), ["storage", "session"]);
  for (const text of ["sessions", "session,all", "Session", "session storage"]) {
    assert.throws(() => parseTopics(text), {
      code: "usage",
      hint: "it may name session, exchange, storage, relay, with commas between them",
    }, text);
  }
});

Deno.test("traceLine is one line: time, topic, what happened, facts", () => {
  const at = new Date(2026, 0, 2, 3, 4, 5, 67);
  const event = { what: "window full", state: true, inFlight: 5, code: undefined } as const;
  assert.equal(traceLine("exchange", event, at), "03:04:05.067 exchange window full inFlight=5");
  assert.equal(traceLine("relay", { what: "let go" }, at), "03:04:05.067 relay    let go");
});
