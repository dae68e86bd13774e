/**
 * The part of a gate that knows no framework: which request is the resource's own, which caller
 * comes in, and what all others are answered.
 *
 * @module
 */

import { problemAnswer } from "../draft-11/problem.ts";
import { harmless } from "../harmless.ts";
import type { Answer } from "../profile/resource-rules.ts";
import type { Admitted, Resource, ResourceRequest } from "../resource/create-resource.ts";
import type { CallerOf, Requirement } from "../types.ts";

/** The bounds of a gate. */
export interface GateOptions {
  /** Bytes that a body may have; a larger one is answered 413. A whole number. Default 1048576. */
  readonly maxBodyBytes?: number | undefined;
  /** Milliseconds in which a body has to arrive; a slower one is answered 408. Default 30000. */
  readonly bodyTimeoutMs?: number | undefined;
  /**
   * Receives the error behind each answer 500, for a log: the caller learns nothing of it. What it
   * throws, or rejects with, is dropped. Default: its stack to `console.error`, without its other
   * members, which may hold a token.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** {@link GateOptions} with their defaults. */
export interface GateBounds {
  readonly maxBodyBytes: number;
  readonly bodyTimeoutMs: number;
  /** Reports an error, and makes the answer that tells nothing of it. */
  readonly fail: (error: unknown) => Answer;
}

/** A request that the gate has answered, or one that has been let in. */
export type Judged<R extends Requirement<string>> =
  | { readonly answer: Answer; readonly admitted?: undefined }
  | { readonly answer?: undefined; readonly admitted: Admitted<CallerOf<R>> };

const logStack = (error: unknown): void => console.error(error instanceof Error ? error.stack : error);

/** @throws RangeError for bounds that bound nothing */
export function boundsOf({
  maxBodyBytes = 1_048_576,
  bodyTimeoutMs = 30_000,
  onError = logStack,
}: GateOptions): GateBounds {
  // Nothing is larger than NaN, nor than "1mb".
  if (!(Number.isSafeInteger(maxBodyBytes) && maxBodyBytes >= 0)) {
    throw new RangeError("maxBodyBytes must be a whole number of bytes");
  }
  if (!(bodyTimeoutMs > 0 && bodyTimeoutMs < 2 ** 31)) {
    throw new RangeError("bodyTimeoutMs must be a positive number of milliseconds, below 2^31");
  }
  const report = harmless(onError);
  const fail = (error: unknown) => {
    report(error);
    return problemAnswer(500, "server_error");
  };
  return { maxBodyBytes, bodyTimeoutMs, fail };
}

/**
 * Refuses a requirement that no request could meet before the first request comes.
 *
 * @throws TypeError for a requirement that is missing or unknown, or that the resource can never
 * meet
 */
export function checkGate<Name extends string>(
  { challenger, verifier }: Resource<Name>,
  requirement: Requirement<Name>,
): void {
  // A verifier takes a request without requirement: any proven caller would do.
  if (typeof requirement !== "object") throw new TypeError("a gate needs a requirement"); // hole E5
  challenger.checkRequirement?.(requirement);
  verifier.checkRequirement(requirement);
}

/** Answers what is the resource's own, or undefined; never throws. */
export async function answerOwn(
  resource: Pick<Resource, "handle">,
  request: ResourceRequest,
  { fail }: GateBounds,
): Promise<Answer | undefined> {
  try {
    return await resource.handle(request);
  } catch (error) {
    return error instanceof BodyError ? error.answer : fail(error);
  }
}

/** Judges one request; never throws. */
export async function judge<Name extends string, const R extends Requirement<Name>>(
  resource: Resource<Name>,
  requirement: R,
  request: ResourceRequest,
  bounds: GateBounds,
): Promise<Judged<R>> {
  const answer = await answerOwn(resource, request, bounds);
  if (answer !== undefined) return { answer };
  try {
    return { admitted: await resource.verify(request, requirement) };
  } catch (error) {
    if (error instanceof BodyError) return { answer: error.answer };
    return { answer: await resource.refuse(error).catch(bounds.fail) };
  }
}

/** A body that no request may have. */
export class BodyError extends Error {
  override readonly name = "BodyError";
  readonly answer: Answer;

  /** @param status 413 too large, 408 too slow, 400 cut off */
  constructor(status: 413 | 408 | 400, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.answer = problemAnswer(status, "invalid_request", message);
  }
}
