import { join } from "node:path";
import { OUTCOME_CODES } from "../protocol/messages.ts";
import { hex, int, object, oneOf } from "../protocol/schema.ts";
import type { AnswerLog, GivenAnswer, TransferOf } from "../transfer/receive/replies.ts";
import { MAX_ENVELOPE_AGE_MS, MAX_ENVELOPE_AHEAD_MS } from "../transfer/receive/envelope_age.ts";
import { makePrivateFolder, replacePrivateFile } from "./private_file.ts";
import { anyLine, Journal, readJournal } from "../storage/journal.ts";
import { partId } from "../storage/part/staging_folder.ts";

const FILE = "answered.jsonl";

/**
 * The time for which a hub that brings something again is answered as the first time: longer than
 * an envelope is taken for new (SPEC.md §17).
 */
export const ANSWERED_FOR_MS = MAX_ENVELOPE_AGE_MS + MAX_ENVELOPE_AHEAD_MS;

const line = object({ id: hex(32), code: oneOf(OUTCOME_CODES), at: int(), payload: anyLine });

/**
 * The transfers that were answered for good through a hub, kept in the receiver's home, so that a
 * hub which brings one again, by accident or on purpose, delivers nothing a second time (SPEC.md
 * §17).
 */
export class AnsweredTransfers implements AnswerLog {
  readonly #home: string;
  readonly #answers: Map<string, GivenAnswer>;
  readonly #now: () => number;

  /**
   * Those of the last {@link ANSWERED_FOR_MS}; what is older is forgotten. `now` gives the time of
   * day, in milliseconds since 1970.
   */
  static async open(home: string, now = Date.now): Promise<AnsweredTransfers> {
    await makePrivateFolder(home);
    const lines = await readJournal(join(home, FILE), line);
    const since = now() - ANSWERED_FOR_MS;
    const kept = lines.filter(({ at }) => at > since);
    if (2 * kept.length < lines.length) {
      await replacePrivateFile(home, FILE, kept.map((one) => JSON.stringify(one) + "\n").join(""));
    }
    return new AnsweredTransfers(home, new Map(kept.map((one) => [one.id, one])), now);
  }

  private constructor(home: string, answers: Map<string, GivenAnswer>, now: () => number) {
    this.#home = home;
    this.#answers = answers;
    this.#now = now;
  }

  /** The answer to a transfer; undefined where there was none. */
  find({ senderKey, transfer }: TransferOf): GivenAnswer | undefined {
    return this.#answers.get(partId(senderKey, transfer));
  }

  /** Notes an answer, at once for {@link find}. */
  async add({ senderKey, transfer }: TransferOf, { code, payload }: GivenAnswer): Promise<void> {
    const id = partId(senderKey, transfer);
    this.#answers.set(id, { code, payload });
    await this.#write((journal) => journal.append({ id, code, payload, at: this.#now() }));
  }

  /** Resolves when all that was noted is on disk. */
  async sync(): Promise<void> {
    await this.#write((journal) => journal.commit());
  }

  /** The file is open only meanwhile: another program may write it anew. */
  async #write(work: (journal: Journal) => Promise<void>) {
    const journal = await Journal.open(join(this.#home, FILE), [this.#home]);
    try {
      await work(journal);
    } finally {
      journal.close();
    }
  }
}
