import { expect, it } from "vitest";
import { type AAuthErrorCode, AAuthVerificationError, ERROR_CODES, publicRefusal } from "../src/errors.ts";

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
  // The status does not distinguish them, either.
  expect(new Set(FETCH_FAILURES.map((code) => ERROR_CODES[code].status)).size).toBe(1);
});

it("leaves every other refusal as it is", () => {
  const replaced: readonly string[] = [...FETCH_FAILURES, "store_unavailable"];
  const others = Object.keys(ERROR_CODES).filter((code) => !replaced.includes(code));
  for (const code of others as AAuthErrorCode[]) {
    expect(publicRefusal(new AAuthVerificationError(code, "reason"))).toEqual({ code, message: "reason" });
  }
});
