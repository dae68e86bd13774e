import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openSqliteJournal } from "../../src/store/sqlite-journal.ts";
import { makeTrace, toProtobuf } from "../support/otel-spans.ts";
import { exportRequest, otlpSpan } from "../support/otlp-json.ts";
import { startStore } from "../support/store-under-test.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "trace-store-"));
  file = join(folder, "traces.sqlite");
});
afterEach(() => rmSync(folder, { recursive: true }));

const entry = (traceID: string, text = "{}") => ({ traceID, receivedAt: 5, text });

test("keeps the order, forgets what is removed, in one step", () => {
  const journal = openSqliteJournal(file);
  journal.write({ added: [entry("a", "1"), entry("b", "2"), entry("a", "3")], removed: [] });
  journal.write({ added: [entry("c", "4")], removed: ["b"] });
  expect([...journal.entries()]).toEqual([entry("a", "1"), entry("a", "3"), entry("c", "4")]);
  // @ts-expect-error: a text that is none makes the insertion fail half-way
  expect(() => journal.write({ added: [entry("d"), entry("e", {})], removed: ["a"] })).toThrow();
  expect([...journal.entries()].map(({ traceID }) => traceID)).toEqual(["a", "a", "c"]);
  journal.close();
});

test("the file and what SQLite puts beside it are for their owner only", () => {
  const journal = openSqliteJournal(file);
  journal.write({ added: [entry("a")], removed: [] });
  for (const name of [file, `${file}-wal`]) {
    if (existsSync(name)) expect(statSync(name).mode & 0o077).toBe(0);
  }
  journal.close();
});

describe("files that cannot be used", () => {
  const codeOf = (open: () => unknown) => {
    try {
      open();
      return "opened";
    } catch (error) {
      return (error as { code?: string }).code;
    }
  };

  test("no SQLite file", () => {
    writeFileSync(file, "x".repeat(5000));
    expect(codeOf(() => openSqliteJournal(file))).toBe("journal_unreadable");
  });

  test("a folder that is not there", () => {
    expect(codeOf(() => openSqliteJournal(join(folder, "no", "file")))).toBe("journal_unreadable");
  });

  test("another program's database", () => {
    const other = new DatabaseSync(file);
    other.exec("CREATE TABLE notes (text TEXT)");
    other.close();
    expect(codeOf(() => openSqliteJournal(file))).toBe("journal_version");
  });

  test("a later version's file", () => {
    openSqliteJournal(file).close();
    const later = new DatabaseSync(file);
    later.exec("PRAGMA user_version = 2");
    later.close();
    expect(codeOf(() => openSqliteJournal(file))).toBe("journal_version");
  });

  test("a file that is in use", () => {
    const journal = openSqliteJournal(file);
    journal.write({ added: [entry("a")], removed: [] });
    expect(codeOf(() => openSqliteJournal(file))).toBe("journal_in_use");
    journal.close();
  });
});

test("traces survive a restart, and an eviction is for good", async () => {
  const first = await startStore({ file, maxSpansPerTrace: 5 });
  const nowMs = first.clock.now * 1000;
  const { traceID, spans } = makeTrace({ caller: "shop", called: "orders" }, nowMs);
  await first.send(toProtobuf(spans), { "content-type": "application/x-protobuf" });
  const before = (await first.ask(`/api/traces/${traceID}`)).answer;
  await first.close();

  const second = await startStore({ file });
  expect((await second.ask(`/api/traces/${traceID}`)).answer).toEqual(before);
  expect((await second.ask("/api/services")).answer.data).toEqual(["orders", "shop"]);
  second.clock.now += 3601;
  await second.send(exportRequest("later", [otlpSpan(nowMs)]));
  await second.close();

  const third = await startStore({ file });
  expect((await third.ask("/api/services")).answer.data).toEqual(["later"]);
  await third.close();
});
