import { P2pError } from "../errors.ts";
import type { Exchange } from "../protocol/exchange.ts";
import type { Message } from "../protocol/messages.ts";

/**
 * Joins under the session's name (SPEC.md §15), which is ours from then on with `keep`; `exchange`
 * carries who comes and goes.
 */
export async function joinHub(
  exchange: Exchange,
  { keep = true }: { keep?: boolean } = {},
): Promise<Message<"joined">> {
  await exchange.send({ type: "join", keep });
  const answer = await exchange.receive();
  if (answer.type === "joined") return answer;
  if (answer.type === "refuse" || answer.type === "cancel") {
    throw new P2pError("refused", `cannot join: ${answer.reason}`);
  }
  throw new P2pError("protocol", `expected an answer to a join, got "${answer.type}"`);
}
