/** What servers have answered, as a table of docs/reference/runtimes.md. */

import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type ServerUnderTest, versionsOf } from "./server-under-test.ts";
import type { Reply } from "./wire.ts";

const PAGE = new URL("../../docs/reference/runtimes.md", import.meta.url);

type AnswerParts = Pick<Reply, "status" | "code" | "isServed">;
export type RecordReply = (request: string, reply: AnswerParts) => void;

/** Rows as a table, the second of dashes. */
export const table = (...rows: readonly (readonly string[])[]) =>
  rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n");

/** Answers of one run, by request and column, and the servers that have given them. */
export class Answers {
  readonly #columns: readonly string[];
  readonly #rows = new Map<string, Map<string, Set<string>>>();
  readonly #servers = new Map<string, { server: ServerUnderTest; dialects: Set<string> }>();

  constructor(columns: readonly string[]) {
    this.#columns = columns;
  }

  /** Creates the function that takes the answers of a server, to a column that it may share. */
  to(column: string, name: string, server: ServerUnderTest, dialect: string): RecordReply {
    return (request, { status, code, isServed }) => {
      const { dialects } = this.#servers.get(name) ?? { dialects: new Set() };
      this.#servers.set(name, { server, dialects: dialects.add(dialect) });
      const row = this.#rows.get(request) ?? new Map<string, Set<string>>();
      this.#rows.set(request, row);
      const cell = row.get(column) ?? new Set<string>();
      row.set(column, cell.add(`${status}${code ? ` \`${code}\`` : ""}${isServed ? ", served" : ""}`));
    };
  }

  /**
   * The tables: servers, and their answers, requests with equal answers in one row, servers with
   * equal answers in one column. A cell has all answers, a dash where the request was not tried.
   */
  tables(): string {
    const servers = [...this.#servers].map(([name, { server, dialects }]) => [
      ...[name, `\`${server.gate}\``, versionsOf(server), [...dialects].join(", ")],
    ]);
    const cellOf = (cells: ReadonlyMap<string, ReadonlySet<string>>, column: string) =>
      [...(cells.get(column) ?? ["—"])].sort().join(" or ");
    const requests = [...this.#rows];
    const columns = [
      ...Map.groupBy(this.#columns, (column) =>
        requests.map(([, row]) => cellOf(row, column)).join(),
      ).values(),
    ];
    const cellsOf = ([, row]: (typeof requests)[number]) =>
      columns.map(([column = ""]) => cellOf(row, column));
    const head = ["Request", ...columns.map((names) => names.join(", "))];
    const alike = [...Map.groupBy(requests, (request) => cellsOf(request).join()).values()];
    const rows = alike.map((same) => [same.map(([request]) => request).join("; "), ...cellsOf(same[0]!)]);
    return [
      table(
        SERVER_HEAD,
        SERVER_HEAD.map(() => "---"),
        ...servers,
      ),
      table(
        head,
        head.map(() => "---"),
        ...rows,
      ),
    ].join("\n\n");
  }
}

const SERVER_HEAD = ["Server", "Gate", "Tried with", "Dialects"];

/** The last test of a file: the page has its answers. With `UPDATE_DOCS=1` it is written before. */
export function testPage(region: string, written: () => string): void {
  test(`docs/reference/runtimes.md shows these answers of ${region}`, () => {
    const place = new RegExp(`(?<=<!-- ${region} -->\n\n).*?(?=\n\n<!-- end -->)`, "s");
    if (process.env.UPDATE_DOCS === "1") {
      writeFileSync(
        PAGE,
        readFileSync(PAGE, "utf8").replace(place, () => written()),
      );
    }
    expect(place.exec(readFileSync(PAGE, "utf8"))?.[0]).toBe(written());
  });
}
