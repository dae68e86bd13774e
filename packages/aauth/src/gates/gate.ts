/**
 * The framework-independent part of a policy enforcement point: the resource's own endpoints,
 * admission of callers, and responses to all others.
 *
 * @module
 */

import { problemAnswer } from "../draft-11/problem.ts";
import { checkOptions, requireMade, unchecked } from "../keys/option-checks.ts";
import type { Answer } from "../profile/resource-rules.ts";
import type { Admission, Resource, ResourceRequest } from "../resource/create-resource.ts";
import type { CallerOf, Requirement } from "../types.ts";

/** Options of a policy enforcement point. */
export interface GateOptions {
  /** Maximum bytes of a body, a whole number. A larger one is refused with 413. Default 1048576. */
  readonly maxBodyBytes?: number | undefined;
  /** Milliseconds in which a body must arrive. A slower one is refused with 408. Default 30000. */
  readonly bodyTimeoutMs?: number | undefined;
}

/** {@link GateOptions} with their defaults. */
export type GateBounds = { readonly [Name in keyof GateOptions]-?: NonNullable<GateOptions[Name]> };

/**
 * @throws TypeError for an unknown option
 * @throws RangeError for bounds that bound nothing
 */
export function boundsOf(options: GateOptions): GateBounds {
  checkOptions(options, { maxBodyBytes: unchecked, bodyTimeoutMs: unchecked });
  const { maxBodyBytes = 1_048_576, bodyTimeoutMs = 30_000 } = options;
  // Comparisons with NaN or "1mb" are always false.
  if (!(Number.isSafeInteger(maxBodyBytes) && maxBodyBytes >= 0)) {
    throw new RangeError("maxBodyBytes must be a whole number of bytes");
  }
  if (!(bodyTimeoutMs > 0 && bodyTimeoutMs < 2 ** 31)) {
    throw new RangeError("bodyTimeoutMs must be a positive number of milliseconds, below 2^31");
  }
  return { maxBodyBytes, bodyTimeoutMs };
}

/**
 * Refuses an invalid requirement before the first request.
 *
 * @throws TypeError for a requirement that is missing or unknown, or that the resource can never
 * meet
 */
export function checkGate<Name extends string>(
  resource: Resource<Name>,
  requirement: Requirement<Name>,
): void {
  requireMade("resource", resource ?? null, "checkRequirement", "createResource");
  // Without a requirement, the verifier would admit any verified caller.
  if (typeof requirement !== "object")
    throw new TypeError("the requirement must be an object, such as { level }"); // hole E5
  resource.checkRequirement(requirement);
}

/** Answers a request for the resource's own endpoints, or returns undefined. Never throws. */
export async function answerOwn(
  resource: Pick<Resource, "handle" | "observer">,
  request: ResourceRequest,
): Promise<Answer | undefined> {
  try {
    return await resource.handle(request);
  } catch (error) {
    return answerTo(error, resource, request);
  }
}

/** Answers or admits a request. Never throws. */
export async function admit<Name extends string, const R extends Requirement<Name>>(
  resource: Resource<Name>,
  requirement: R,
  request: ResourceRequest,
): Promise<Admission<CallerOf<R>>> {
  const answer = await answerOwn(resource, request);
  if (answer !== undefined) return { answer };
  try {
    return await resource.admit(request, requirement);
  } catch (error) {
    return { answer: answerTo(error, resource, request) };
  }
}

const answerTo = (error: unknown, resource: Pick<Resource, "observer">, request: ResourceRequest): Answer =>
  error instanceof BodyError ? error.answer : failure(error, resource, request);

/** Reports an error to the resource's observer, and returns a response that does not reveal it. */
export function failure(
  error: unknown,
  { observer }: Pick<Resource, "observer">,
  request: ResourceRequest,
): Answer {
  observer({ type: "unexpected_error", error }, request);
  return problemAnswer(500, "server_error");
}

/** Refusal of a body. */
export class BodyError extends Error {
  override readonly name = "BodyError";
  readonly answer: Answer;

  /**
   * @param status 413 too large, 408 too slow, 400 cut off
   * @param options.isUnread whether no byte of the body was read, so that the platform discards it.
   *   Otherwise the platform may end the connection, so the client must not use it again
   */
  constructor(
    status: 413 | 408 | 400,
    message: string,
    { isUnread = false, cause }: { readonly cause?: unknown; readonly isUnread?: boolean } = {},
  ) {
    super(message, { cause });
    const headers = isUnread ? {} : { connection: "close" };
    this.answer = problemAnswer(status, "invalid_request", message, headers);
  }
}
