import { P2pError } from "../../errors.ts";
import { trace, TRACE_TOPICS, type TraceEvent, type TraceTopic } from "../../trace.ts";
import { writeToStderr } from "../../ui/terminal.ts";

/** The traces that are printed. */
export interface TraceChoice {
  /** True for the changes of state of every topic. */
  verbose: boolean;
  /** Topics to print all of, with commas between them. */
  topics: string;
}

/**
 * Prints what the layers below trace, one line on stderr for each event, to the end of the program.
 */
export function showTrace({ verbose, topics }: TraceChoice): void {
  const chosen = parseTopics(topics);
  for (const topic of TRACE_TOPICS) {
    const isWhole = chosen.includes(topic);
    if (!isWhole && !verbose) continue;
    trace[topic].subscribe((message) => {
      const event = message as TraceEvent;
      if (isWhole || event.state) writeToStderr(`${traceLine(topic, event, new Date())}\n`);
    });
  }
}

/**
 * The topics that `text` names, with commas between them; `P2pError` "usage" for a word that is not
 * one of them.
 */
export function parseTopics(text: string): TraceTopic[] {
  const words = text.split(",").map((word) => word.trim()).filter((word) => word !== "");
  return words.map((word) => {
    const topic = TRACE_TOPICS.find((known) => known === word);
    if (topic !== undefined) return topic;
    throw new P2pError("usage", `P2P_TRACE has an unknown word: "${word}"`, {
      hint: `it may name ${TRACE_TOPICS.join(", ")}, with commas between them`,
    });
  });
}

/** `12:00:01.123 exchange  window full  inFlight=4194240 session=1`. */
export function traceLine(topic: TraceTopic, event: TraceEvent, at: Date): string {
  const { what, state: _, ...facts } = event;
  const told = Object.entries(facts).filter(([, value]) => value !== undefined)
    .map(([fact, value]) => `${fact}=${value}`);
  return [`${clockTime(at)} ${topic.padEnd(8)}`, what, ...told].join(" ");
}

function clockTime(at: Date): string {
  const two = (number: number) => String(number).padStart(2, "0");
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":");
  return `${time}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}
