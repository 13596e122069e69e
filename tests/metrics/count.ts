/** Counts one tree of sources and prints what it found as JSON: `count.ts DIR`. */
import { cognitiveComplexity } from "./cognitive.ts";
import { offerRepetitions, receiptDefinitions } from "./fields.ts";
import { functionsIn, linesOf, outermostIn } from "./functions.ts";
import { importCircles } from "./imports.ts";
import { mostInAFolder, placeOf, readSources } from "./sources.ts";
import type ts from "typescript";

/** A number, and where it comes from. */
interface Count {
  what: string;
  count: number;
  at?: string[];
}

const sources = readSources(Deno.args[0] ?? ".");
const lines = measured(functionsIn, linesOf);
const complexities = measured(outermostIn, cognitiveComplexity);
const circles = importCircles(sources);
const definitions = receiptDefinitions(sources);
const repetitions = offerRepetitions(sources);

const counts: Count[] = [
  { what: "source files", count: sources.size },
  { what: "files in the fullest folder", count: mostInAFolder(sources.keys()) },
  {
    what: "import circles, types included",
    count: circles.length,
    at: circles.map((circle) => circle.join(" ")),
  },
  { what: "definitions of the receipt", count: definitions.length, at: definitions },
  { what: "edits for a new field of the offer", count: repetitions.length, at: repetitions },
  { what: "functions with a block", count: lines.length },
  { what: "lines of a function, nine in ten", count: ninth(lines) },
  { what: "lines of a function, at most", ...most(lines) },
  { what: "cognitive complexity, nine in ten", count: ninth(complexities) },
  { what: "cognitive complexity, at most", ...most(complexities) },
];
console.log(JSON.stringify(counts));

type Measured = { count: number; at: string }[];

/** A number for each function of each file, the largest first. */
function measured<T extends ts.Node>(
  functions: (file: ts.Node) => Iterable<T>,
  measure: (one: T) => number,
): Measured {
  return [...sources].flatMap(([path, file]) =>
    [...functions(file)].map((one) => ({ count: measure(one), at: placeOf(one, path) }))
  ).sort((a, b) => b.count - a.count);
}

/** What nine functions in ten do not exceed. */
function ninth(all: Measured): number {
  return all[Math.ceil(all.length / 10) - 1]!.count;
}

function most(all: Measured): { count: number; at: string[] } {
  return { count: all[0]!.count, at: all.slice(0, 3).map(({ at, count }) => `${at} (${count})`) };
}
