import type { Discovery } from "aauth";
import type { Accounts } from "../../realm/accounts.ts";
import type { Policy } from "../../realm/policy.ts";
import type { Grants } from "../grants.ts";
import type { IssueToken } from "../issue-token.ts";
import type { CheckResourceToken } from "../resource-token-check.ts";
import type { Requester, RequesterVerifier, SignedForm } from "../verify-requester.ts";

/**
 * A `request_type` of the token endpoint. To add one, add a file to this folder and a line to
 * `registry.ts`.
 */
export interface RequestType {
  readonly name: string;
  /** Authenticates the requester. Default: by the request's signature. */
  readonly verify?: (verifier: RequesterVerifier, request: SignedForm, form: Form) => Promise<Requester>;
  /** Returns the members of the response. @throws OAuthError */
  readonly answer: (request: TokenRequest, context: RequestTypeContext) => Promise<object>;
}

export type Form = ReadonlyMap<string, string>;

/** A token request whose requester is authenticated and allowed by policy. */
export interface TokenRequest {
  readonly form: Form;
  readonly requester: Requester;
  readonly policy: Policy;
}

/** Dependencies of request types. */
export interface RequestTypeContext {
  readonly issuer: string;
  readonly accounts: Accounts;
  readonly discovery: Discovery;
  readonly grants: Grants;
  readonly issueToken: IssueToken;
  readonly checkResourceToken: CheckResourceToken;
  /** Seconds a request token waits for the user's decision. */
  readonly consentSeconds: number;
  /**
   * Whether the server is on loopback, where identities without https are accepted and redirect
   * URIs need not be registered.
   */
  readonly development: boolean;
}
