/**
 * Endpoints of a server as values: a framework's adapter hands over requests and sends the answers.
 *
 * @module
 */

import { AAuthVerificationError } from "../errors.ts";
import type { Answer, WireProfile } from "../profile/wire-profile.ts";
import type { Requirement } from "../types.ts";
import { plainRefusal } from "./challenge.ts";
import type { AddressedRequest } from "./types.ts";

/** A request with the body that came with it. */
export interface EndpointRequest extends AddressedRequest {
  /** The bytes as they came; undefined for none. */
  readonly body: Uint8Array | undefined;
}

/** An endpoint that verifies its requests itself. */
export interface Endpoint {
  readonly methods: readonly string[];
  /** Path of the endpoint. One that ends with a slash stands for all that are one segment longer. */
  readonly path: string;
  /** Bytes that a body may have. */
  readonly maxBodyBytes: number;
  /**
   * The answer, also to requests that do not pass.
   *
   * @throws StoreFullError where a store has no room: answer 503
   */
  handle(request: EndpointRequest): Promise<Answer>;
}

/** `answer`, or the refusal that an error of the verifier in it stands for. */
export async function refusing(
  profile: WireProfile,
  requirement: Requirement,
  answer: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await answer();
  } catch (error) {
    if (!(error instanceof AAuthVerificationError)) throw error;
    return plainRefusal(error, { requirement }, [profile]);
  }
}

/** The last segment of a request's path: what it names below an endpoint's. */
export const lastSegment = (target: string): string => target.split("?", 1)[0]!.split("/").at(-1)!;

/** The members of a JSON object; undefined for any other body. */
export function membersOf(body: Uint8Array | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
