import { expect } from "vitest";
import { AAuthError, type AAuthErrorCode, AAuthVerificationError } from "../src/errors.ts";
import type { Verifier } from "../src/resource/types.ts";
import type { TestRequest } from "../src/testing/signed-request.ts";
import type { Requirement } from "../src/types.ts";

/**
 * The error of a call that must refuse. Fails the test if the call does not refuse, or throws
 * anything but an AAuthError.
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

/** Runs a parser on any input; anything but a result or an AAuthError fails the test. */
export async function passesOrRefuses(call: () => unknown): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof AAuthError)) throw error;
  }
}

/**
 * The error that a verifier refuses with; anything but an AAuthVerificationError fails the test.
 */
export async function refusal(
  verifier: Verifier<string>,
  request: TestRequest,
  requirement?: Requirement<string>,
): Promise<AAuthVerificationError> {
  try {
    await (requirement ? verifier.verifyRequest(request, requirement) : verifier.verifyRequest(request));
  } catch (error) {
    if (error instanceof AAuthVerificationError) return error;
    throw error;
  }
  throw new Error("the request was accepted");
}

/** The code that a promise is rejected with, or `accepted`. */
export const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "accepted",
    (error) => error.code ?? String(error),
  );
