import type { Discovery } from "aauth";
import type { Grants } from "../grants.ts";
import type { IssueToken } from "../issue-token.ts";
import type { Accounts } from "../realm/accounts.ts";
import type { Policy } from "../realm/policy.ts";
import type { CheckResourceToken } from "../resource-token-check.ts";
import type { Requester, RequesterVerifier, SignedForm } from "../verify-requester.ts";

/**
 * A `request_type` of the token endpoint. To add one: a file in this folder, and a line in
 * `registry.ts`.
 */
export interface RequestType {
  readonly name: string;
  /** Proves the requester. Default: the request's signature. */
  readonly verify?: (verifier: RequesterVerifier, request: SignedForm, form: Form) => Promise<Requester>;
  /** The members of the response. @throws OAuthError */
  readonly answer: (request: TokenRequest, context: RequestTypeContext) => Promise<object>;
}

export type Form = ReadonlyMap<string, string>;

/** One token request: parsed, its requester proven and allowed by policy. */
export interface TokenRequest {
  readonly form: Form;
  readonly requester: Requester;
  readonly policy: Policy;
}

/** What a request type works with, made once. */
export interface RequestTypeContext {
  readonly issuer: string;
  readonly accounts: Accounts;
  readonly discovery: Discovery;
  readonly grants: Grants;
  readonly issueToken: IssueToken;
  readonly checkResourceToken: CheckResourceToken;
  /** How long a request token waits for the user's decision. */
  readonly consentSeconds: number;
  /**
   * The server is on loopback: identities without https count, and redirect URIs need not be
   * registered.
   */
  readonly development: boolean;
}
