/**
 * The authorization endpoint of a resource, at which an agent requests access before a call (draft
 * -11, section 6.6).
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import { jsonAnswer, problemAnswer } from "../draft-11/problem.ts";
import { AAuthVerificationError } from "../errors.ts";
import type { Answer } from "../profile/resource-rules.ts";
import type { ProvenCaller } from "../types.ts";
import type { Challenger } from "./challenge.ts";
import { type Endpoint, membersOf } from "./endpoint.ts";
import type { Verifier } from "./types.ts";

const REQUIREMENT = { level: "person-token" } as const;
const MAX_BODY_BYTES = 8_192;

/** An agent's request for access. */
export interface AuthorizationRequest {
  readonly scopes: readonly string[];
  readonly account?: string;
}

/** Policy of an authorization endpoint. */
export interface AuthorizationPolicy {
  /**
   * Whether the person holds an account at the resource. Default: there are no accounts, and each
   * is refused with `invalid_account`.
   */
  readonly holdsAccount?: ((caller: ProvenCaller, account: string) => Awaitable<boolean>) | undefined;
  /**
   * The response of a resource that decides itself: 200 `{"status":"authorized","scope"}`,
   * optionally with a session, or the 202 of a pending request. Undefined for a resource token.
   * Default: always a resource token.
   */
  readonly authorize?:
    | ((caller: ProvenCaller, request: AuthorizationRequest) => Awaitable<Answer | undefined>)
    | undefined;
}

interface AuthorizationParts {
  readonly verifier: Verifier<string>;
  readonly challenger: Challenger;
  readonly path: string;
  /** Scopes that may be requested, as described in the resource's document. */
  readonly scopes: readonly string[];
}

/**
 * Creates the authorization endpoint: POST with a person token, `{"scope", "account"}`. 200
 * `{"resource_token"}`; 400 `invalid_request`, `invalid_scope`, `invalid_account`; 401
 * `requirement=person-token` without a person token, even with an auth token.
 *
 * Does NOT check whether the person may have the scopes: the server that redeems the resource token
 * does.
 *
 * @throws TypeError for a scope without an entry in the challenger's `scopeDescriptions`
 */
export function createAuthorizationEndpoint(options: AuthorizationPolicy & AuthorizationParts): Endpoint {
  const { verifier, challenger, path, scopes, holdsAccount, authorize } = options;
  challenger.checkRequirement({ level: "auth-token", scopes });

  async function answer(caller: ProvenCaller, body: Uint8Array | undefined): Promise<Answer> {
    const { scope, account } = membersOf(body) ?? {};
    const asked = typeof scope === "string" ? [...new Set(scope.split(" "))] : [];
    if (asked.length === 0 || asked.includes("")) {
      return problemAnswer(
        400,
        "invalid_request",
        "scope must be one or more scopes, separated by single spaces",
      );
    }
    if (account !== undefined && (typeof account !== "string" || account === "")) {
      return problemAnswer(400, "invalid_request", "account must be a non-empty string");
    }
    if (!asked.every((word) => scopes.includes(word))) {
      return problemAnswer(400, "invalid_scope", "the resource does not offer one of these scopes");
    }
    if (account !== undefined && !(await holdsAccount?.(caller, account))) {
      return problemAnswer(400, "invalid_account", "the person does not hold this account");
    }
    const own = await authorize?.(caller, { scopes: asked, ...(account !== undefined && { account }) });
    if (own !== undefined) return own;
    const { resourceToken } = await challenger.resourceToken(caller, asked, account);
    return jsonAnswer(200, { resource_token: resourceToken });
  }

  return {
    methods: ["POST"],
    path,
    maxBodyBytes: MAX_BODY_BYTES,
    async handle(request) {
      try {
        const { caller } = await verifier.verifyRequest(request, REQUIREMENT);
        // A token derived from an auth token would expire with it; a new chain begins with a person
        // token (section 7.1.3).
        if (caller.grant !== undefined) {
          throw new AAuthVerificationError("person_required", "the endpoint needs a person token");
        }
        return await answer(caller, request.body);
      } catch (error) {
        if (!(error instanceof AAuthVerificationError)) throw error;
        return challenger.challengeFor(error, { requirement: REQUIREMENT });
      }
    },
  };
}
