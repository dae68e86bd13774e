import { globSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { draft11 } from "../src/draft-11/profile.ts";
import { type AAuthErrorCode, AAuthVerificationError, ERROR_CODES, publicRefusal } from "../src/errors.ts";
import { february2026 } from "../src/february-2026/profile.ts";

const FETCH_FAILURES = [
  "discovery_blocked",
  "discovery_failed",
  "metadata_mismatch",
  "metadata_issuer_missing",
] as const;

it("A20: how a fetch failed that a caller caused is one answer to the caller", () => {
  const answers = FETCH_FAILURES.map((code) =>
    publicRefusal(new AAuthVerificationError(code, `https://10.0.0.1/: reason of ${code}`)),
  );
  const { message } = answers[0]!;
  expect(message).not.toMatch(/10\.0\.0\.1|reason/);
  expect(answers).toEqual(FETCH_FAILURES.map(() => ({ code: "discovery_failed", message })));
  // Status and section do not distinguish them, either.
  for (const { sectionOf } of [draft11, february2026]) {
    for (const failed of [undefined, "of the failed check"])
      expect(new Set(FETCH_FAILURES.map((code) => sectionOf(code, failed))).size).toBe(1);
  }
  expect(new Set(FETCH_FAILURES.map((code) => ERROR_CODES[code].status)).size).toBe(1);
});

it("leaves every other refusal as it is", () => {
  const replaced: readonly string[] = [...FETCH_FAILURES, "store_unavailable"];
  const others = Object.keys(ERROR_CODES).filter((code) => !replaced.includes(code));
  for (const code of others as AAuthErrorCode[]) {
    expect(publicRefusal(new AAuthVerificationError(code, "reason"))).toEqual({ code, message: "reason" });
  }
});

it("ERROR_CODES has the codes that are thrown, and no others", () => {
  const sources = new URL("../src/", import.meta.url);
  const thrown = globSync("**/*.ts", { cwd: sources }).flatMap((file) => {
    const source = readFileSync(new URL(file, sources), "utf8");
    // The first argument of an error; two readers of fields and one of documents name it before.
    const codes = /(?:\bnew AAuth\w+Error\(|\bsuper\(|\bconst CODE = |\bunnamed: )\s*"([a-z_]+)"/g;
    return [...source.matchAll(codes)].map(([, code]) => code!);
  });
  expect([...new Set(thrown)].sort()).toEqual(Object.keys(ERROR_CODES).sort());
});
