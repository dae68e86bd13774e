/** Answers of servers, as a table of docs/reference/runtimes.md. */

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

/** Answers of one run, by request and column, with the servers that gave them. */
export class Answers {
  readonly #columns: readonly string[];
  readonly #rows = new Map<string, Map<string, Set<string>>>();
  readonly #servers = new Map<string, { server: ServerUnderTest; dialects: Set<string> }>();

  constructor(columns: readonly string[]) {
    this.#columns = columns;
  }

  /** Creates the function that records the answers of a server in a column, which it may share. */
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
   * The tables: servers, and their answers, with requests of equal answers in one row and servers
   * of equal answers in one column. A cell has all answers, or a dash if the request was not made.
   *
   * @param options.except a table: requests that all servers here answer as in its second column
   * are omitted
   */
  tables({ except = "" }: { except?: string } = {}): string {
    const servers = [...this.#servers].map(([name, { server, dialects }]) => [
      name,
      `\`${server.gate}\``,
      versionsOf(server),
      [...dialects].join(", "),
    ]);
    const cellOf = (cells: ReadonlyMap<string, ReadonlySet<string>>, column: string) =>
      [...(cells.get(column) ?? ["—"])].sort().join(" or ");
    const known = new Map(
      except.split("\n").flatMap((line) => {
        const [requests = "", answer] = line.slice(2).split(" | ");
        return requests.split("; ").map((request) => [request, answer] as const);
      }),
    );
    const requests = [...this.#rows].filter(([request, row]) =>
      this.#columns.some((column) => cellOf(row, column) !== known.get(request)),
    );
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
    const tables = [table(SERVER_HEAD, dashes(SERVER_HEAD), ...servers)];
    if (rows.length > 0) tables.push(table(head, dashes(head), ...rows));
    return tables.join("\n\n");
  }
}

const dashes = (head: readonly string[]) => head.map(() => "---");
const SERVER_HEAD = ["Server", "Gate", "Tried with", "Dialects"];

const placeOf = (region: string) => new RegExp(`(?<=<!-- ${region} -->\n\n).*?(?=\n\n<!-- end -->)`, "s");

/** The part of the page that another file of tests has written. */
export const regionOfPage = (region: string): string =>
  placeOf(region).exec(readFileSync(PAGE, "utf8"))?.[0] ?? "";

/** The last test of a file: the page has its answers. `UPDATE_DOCS=1` writes them first. */
export function testPage(region: string, written: () => string): void {
  test(`docs/reference/runtimes.md shows these answers of ${region}`, () => {
    if (process.env.UPDATE_DOCS === "1") {
      const page = readFileSync(PAGE, "utf8");
      writeFileSync(
        PAGE,
        page.replace(placeOf(region), () => written()),
      );
    }
    expect(regionOfPage(region)).toBe(written());
  });
}
