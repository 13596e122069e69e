import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { select } from "@clack/prompts";
import { forcePromptRedraw } from "../../../src/cli/prompts/force_prompt_redraw.ts";

Deno.test("forcePromptRedraw draws an open question of the pinned @clack/prompts anew where it has changed", async () => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  let drawn = "";
  output.on("data", (chunk) => drawn += chunk);
  const stop = new AbortController();
  let message = "one";
  const answer = select({
    get message() {
      return message;
    },
    options: [{ value: "a" }],
    signal: stop.signal,
    ...{ input, output },
  });
  assert.match(drawn, /one/);
  message = "two";
  assert.doesNotMatch(drawn, /two/);
  forcePromptRedraw(output);
  assert.match(drawn, /two/);
  const before = drawn;
  forcePromptRedraw(output);
  assert.equal(drawn, before, "nothing has changed");
  stop.abort();
  await answer;
});
