/** What servers have answered, as a table of docs/reference/runtimes.md. */

import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Reply } from "./wire.ts";

const PAGE = new URL("../../docs/reference/runtimes.md", import.meta.url);

type AnswerParts = Pick<Reply, "status" | "code" | "isServed">;
export type RecordReply = (request: string, reply: AnswerParts) => void;

/** Answers of one run, by request and column. */
export class Answers {
  readonly #columns: readonly string[];
  readonly #rows = new Map<string, Map<string, Set<string>>>();

  constructor(columns: readonly string[]) {
    this.#columns = columns;
  }

  /** Creates the function that takes the answers of a server, to a column that it may share. */
  readonly to =
    (column: string): RecordReply =>
    (request, { status, code, isServed }) => {
      const row = this.#rows.get(request) ?? new Map<string, Set<string>>();
      this.#rows.set(request, row);
      const cell = row.get(column) ?? new Set<string>();
      row.set(column, cell.add(`${status}${code ? ` \`${code}\`` : ""}${isServed ? ", served" : ""}`));
    };

  /** The table: a cell has all answers, a dash where the request was not tried. */
  table(): string {
    const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
    const head = ["Request", ...this.#columns];
    const rows = [...this.#rows].map(([request, cells]) => [
      request,
      ...this.#columns.map((column) => [...(cells.get(column) ?? ["—"])].sort().join(" or ")),
    ]);
    return [head, head.map(() => "---"), ...rows].map(line).join("\n");
  }
}

/** The last test of a file: the page has its answers. With `UPDATE_DOCS=1` it is written before. */
export function testPage(region: string, answers: Answers): void {
  test(`docs/reference/runtimes.md shows these answers of ${region}`, () => {
    const place = new RegExp(`(?<=<!-- ${region} -->\n\n).*?(?=\n\n<!-- end -->)`, "s");
    if (process.env.UPDATE_DOCS === "1") {
      writeFileSync(
        PAGE,
        readFileSync(PAGE, "utf8").replace(place, () => answers.table()),
      );
    }
    expect(place.exec(readFileSync(PAGE, "utf8"))?.[0]).toBe(answers.table());
  });
}
