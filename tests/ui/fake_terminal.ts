import assert from "node:assert/strict";

/** A screen that obeys the few sequences that progress uses, refuses all others, and wraps anew when resized. */
export class FakeTerminal {
  columns: number;
  row = 0;
  wraps = true;
  writes = 0;
  #column = 0;
  #rows: string[] = [];

  constructor(columns: number) {
    this.columns = columns;
  }

  /** The rows down to the last that holds anything. */
  get lines(): string[] {
    return this.#rows.slice(0, this.#rows.findLastIndex((row) => row !== "") + 1);
  }

  write(text: string): void {
    this.writes += 1;
    // deno-lint-ignore no-control-regex
    for (const token of text.match(/\x1b\[\??\d*[A-Za-z]|[\s\S]/gu) ?? []) this.#obey(token);
  }

  /** Wraps every row to the new width; the cursor, at the start of its row, moves along. */
  resize(columns: number): void {
    const wrapped = (row: string) =>
      row === "" ? [""] : row.match(new RegExp(`.{1,${columns}}`, "gu"))!;
    const above = Array.from({ length: this.row }, (_, i) => this.#rows[i] ?? "").flatMap(wrapped);
    this.#rows = [...above, ...this.#rows.slice(this.row).flatMap(wrapped)];
    this.row = above.length;
    this.columns = columns;
  }

  #obey(token: string): void {
    const count = Number(token.match(/\d+/)?.[0] ?? 1);
    if (token === "\n") [this.row, this.#column] = [this.row + 1, 0];
    else if (token === "\r") this.#column = 0;
    else if (token === "\x1b[K") this.#rows[this.row] = this.#current().slice(0, this.#column);
    else if (token === "\x1b[?7l" || token === "\x1b[?7h") this.wraps = token.endsWith("h");
    else if (/\[\d+A$/.test(token)) this.row -= count;
    else if (/\[\d+M$/.test(token)) this.#rows.splice(this.row, count);
    else this.#put(token);
    assert.ok(this.row >= 0, "the cursor left the screen");
  }

  #put(character: string): void {
    assert.match(character, /^\P{Cc}$/u);
    const row = this.#current();
    this.#rows[this.row] = row.slice(0, this.#column).padEnd(this.#column) + character +
      row.slice(this.#column + 1);
    this.#column += 1;
    assert.ok(this.#column < this.columns, `a full row: ${this.#rows[this.row]}`);
  }

  #current(): string {
    for (let i = this.#rows.length; i <= this.row; i++) this.#rows[i] = "";
    return this.#rows[this.row]!;
  }
}
