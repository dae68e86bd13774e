import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { claimsOfTwoProcesses, recordsOfTwoProcesses } from "../support/two-processes.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sqlite-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("stores of two processes in one file of SQLite", () => {
  test("let one of them claim a key, of 500", async () => {
    const claimed = await claimsOfTwoProcesses({ kind: "sqlite", url: join(folder, "claims.db") });
    expect(claimed).toEqual({ claims: 500, owners: 2 });
  });

  test("let one of them put and one take a record, of 500, and lose no update", async () => {
    expect(await recordsOfTwoProcesses({ kind: "sqlite", url: join(folder, "records.db") })).toEqual({
      put: 500,
      differentPut: 500,
      taken: 500,
      differentTaken: 500,
      count: 400,
      differentCounts: 400,
    });
  });
});
