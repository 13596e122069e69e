import assert from "node:assert/strict";
import { News } from "../../../src/cli/menu/news.ts";
import type { Received } from "../../../src/transfer/events.ts";

Deno.test("News tells each line once, and only the last three", () => {
  const news = new News();
  for (const line of ["a", "b", "c", "b", "d"]) news.tell(line);
  assert.deepEqual(news.lines, ["c", "b", "d"]);
  news.shown();
  assert.deepEqual(news.lines, []);
});

Deno.test("News tells of all that came in one line, and once", () => {
  const news = new News();
  news.tell("a");
  news.came(arrival("/in/one.png"));
  assert.deepEqual(news.lines, ["a", "one.png came from bo: look at it in «What came in»"]);
  news.came(arrival("/in/t\u202ewo.png"));
  assert.match(news.lines[1]!, /^2 came in, t\\u\{202e\}wo\.png from bo the last: /);
  news.shown();
  news.came(arrival("/in/three.png"));
  assert.match(news.lines.join(), /^three\.png came from bo: /);
});

Deno.test("News counts as new what came in since it was looked through", () => {
  const news = new News();
  news.came(arrival("/in/one.png"));
  news.came(arrival("/in/two.png"));
  news.shown();
  assert.equal(news.unseen, 2);
  assert.deepEqual(news.lookThrough().map(({ path }) => path), ["/in/two.png", "/in/one.png"]);
  assert.equal(news.unseen, 0);
});

function arrival(path: string): Received {
  return {
    event: "received",
    transfer: "0".repeat(32),
    from: "bo",
    name: "x",
    kind: "file",
    bytes: 1,
    sha256: "0".repeat(64),
    path,
    latency: 1,
    duration: 1,
    resumedAt: 0,
  };
}
