/**
 * The authorization endpoint of a resource, at which an agent requests access before a call (draft
 * -11, section 6.6).
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import { jsonAnswer, problemAnswer } from "../draft-11/problem.ts";
import { AAuthVerificationError } from "../errors.ts";
import type { GuardedEndpoint } from "../profile/resource-rules.ts";
import type { Answer, ProvenCaller } from "../types.ts";
import { membersOf } from "./endpoint.ts";

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

/**
 * The authorization endpoint: POST with a person token, `{"scope", "account"}`. 200
 * `{"resource_token"}`; 400 `invalid_request`, `invalid_scope`, `invalid_account`; 401
 * `requirement=person-token` without a person token, even with an auth token.
 *
 * Does NOT check whether the person may have the scopes: the server that redeems the resource token
 * does.
 *
 * @param scopes scopes that may be requested, as described in the resource's document
 */
export const authorizationEndpoint = (
  path: string,
  scopes: readonly string[],
  { holdsAccount, authorize }: AuthorizationPolicy,
): GuardedEndpoint => ({
  methods: ["POST"],
  path,
  maxBodyBytes: MAX_BODY_BYTES,
  requirement: REQUIREMENT,
  async answer({ caller, body, resourceToken }) {
    // A token derived from an auth token would expire with it; a new chain begins with a person
    // token (section 7.1.3).
    if (caller.grant !== undefined)
      throw new AAuthVerificationError("person_required", "the endpoint needs a person token");
    const { scope, account } = membersOf(body) ?? {};
    const asked = typeof scope === "string" ? [...new Set(scope.split(" "))] : [];
    if (asked.length === 0 || asked.includes("")) {
      return refused("invalid_request", "scope must be one or more scopes, separated by single spaces");
    }
    if (account !== undefined && (typeof account !== "string" || account === "")) {
      return refused("invalid_request", "account must be a non-empty string");
    }
    if (!asked.every((word) => scopes.includes(word))) {
      return refused("invalid_scope", "the resource does not offer one of these scopes");
    }
    if (account !== undefined && !(await holdsAccount?.(caller, account))) {
      return refused("invalid_account", "the person does not hold this account");
    }
    const own = await authorize?.(caller, { scopes: asked, ...(account !== undefined && { account }) });
    return own ?? jsonAnswer(200, { resource_token: (await resourceToken(asked, account)).resourceToken });
  },
});

const refused = (error: string, detail: string) => problemAnswer(400, error, detail);
