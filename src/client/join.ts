import { P2pError } from "../errors.ts";
import type { Exchange } from "../protocol/exchange.ts";

/**
 * Joins under the session's name (SPEC.md §15); from then on `exchange` carries who comes and goes.
 */
export async function joinHub(exchange: Exchange): Promise<{ people: number }> {
  await exchange.send({ type: "join" });
  const answer = await exchange.receive();
  if (answer.type === "joined") return answer;
  if (answer.type === "refuse" || answer.type === "cancel") {
    throw new P2pError("refused", `cannot join: ${answer.reason}`);
  }
  throw new P2pError("protocol", `expected an answer to a join, got "${answer.type}"`);
}
