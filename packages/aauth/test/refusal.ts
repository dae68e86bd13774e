import { expect } from "vitest";
import { AAuthError, type AAuthErrorCode } from "../src/errors.ts";

/**
 * The error of a call that has to refuse; fails the test when it does not, or throws anything but
 * an AAuthError.
 */
export async function refusalOf(call: () => unknown): Promise<AAuthError> {
  try {
    await call();
  } catch (error) {
    expect(error).toBeInstanceOf(AAuthError);
    return error as AAuthError;
  }
  throw new Error("expected a refusal, but the call passed");
}

/** Expects a refusal with exactly this code. */
export async function expectRefusal(code: AAuthErrorCode, call: () => unknown): Promise<void> {
  expect((await refusalOf(call)).code).toBe(code);
}

/** Runs a parser on whatever comes; anything but a result or an AAuthError fails the test. */
export async function passesOrRefuses(call: () => unknown): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof AAuthError)) throw error;
  }
}
