import type { Discovery } from "aauth";
import type { Grants } from "../grants.ts";
import type { IssueToken, TokenAnswer } from "../issue-token.ts";
import { invalidRequest } from "../oauth-error.ts";
import type { Accounts } from "../realm/accounts.ts";
import type { Policy } from "../realm/policy.ts";
import type { CheckResourceToken } from "../resource-token-check.ts";
import type { Requester } from "../verify-requester.ts";

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
  /** The realm's users live on loopback: identities without https count, and redirect URIs need not be registered. */
  readonly development: boolean;
}

/** One token request: parsed, its requester proven and allowed by policy. */
export interface TokenRequest<Who extends Requester = Requester> {
  readonly form: ReadonlyMap<string, string>;
  readonly requester: Who;
  readonly policy: Policy;
}

export type Answer = TokenAnswer | (TokenAnswer & { readonly refresh_token: string }) | RequestTokenAnswer;

/** Instead of a token: the user has to be asked first. */
export interface RequestTokenAnswer {
  readonly expires_in: number;
  readonly request_token: string;
  readonly token_type: "AAuth";
}

/** @throws OAuthError 400 `invalid_request` when the parameter is missing or empty. */
export function requiredParameter(form: ReadonlyMap<string, string>, name: string): string {
  const value = form.get(name);
  if (!value) throw invalidRequest(`Missing required parameter: ${name}`);
  return value;
}

export function scopeWords(scope: string | undefined): string[] {
  return [...new Set(scope?.split(" ").filter((word) => word !== ""))];
}
