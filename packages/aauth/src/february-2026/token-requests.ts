/**
 * Requests of an agent to a token endpoint (profile 6): forms with a `request_type`, and OAuth
 * error responses.
 *
 * @module
 */

import { AAuthAgentError, TokenRequestError } from "../errors.ts";
import { lifetimeOf, oneLine, textOf } from "../profile/answer-members.ts";
import type { SignatureKeyScheme } from "../profile/messages.ts";
import { parseRefusal, REFUSAL_FIELD } from "../profile/refusal.ts";
import type {
  CheckedToken,
  ExpectedToken,
  GrantedToken,
  OfferRules,
  TokenRequest,
  TokenRequestContext,
  TokenRequestRules,
  TokenResponse,
  TokenResponseContext,
} from "../profile/token-requests.ts";
import {
  checkHeader,
  checkTimeShapes,
  confirmationKey,
  isExpired,
  optionalAudience,
} from "../tokens/claim-checks.ts";
import { type DecodedToken, decodeJwt } from "../tokens/jwt.ts";
import { documents } from "./documents.ts";
import { ConsentRequiredError } from "./errors.ts";
import { KEY_ALGORITHMS, TOKEN_ALGORITHMS, TOKEN_TYPES } from "./names.ts";

/** The address to which the user returns after consent, and the state returned with them. */
export interface ConsentReturn {
  readonly redirectUri?: string | undefined;
  readonly state?: string | undefined;
}

const FORM = "application/x-www-form-urlencoded";

/** OAuth error codes are printable ASCII without quote and backslash (RFC 6749 section 5.2). */
const OAUTH_ERROR = /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,100}$/;
const DEFAULT_CONSENT_SECONDS = 600;

function request(
  type: string,
  server: string,
  signatureKey: SignatureKeyScheme,
  parameters: Readonly<Record<string, string | undefined>>,
): TokenRequest {
  return {
    type,
    server,
    signatureKey,
    kind: documents.kinds.issuer,
    endpoint: "agent_token_endpoint",
    contentType: FORM,
    body: formOf({ request_type: type, ...parameters }),
  };
}

/** Encodes parameters in order, without undefined ones. */
function formOf(parameters: Readonly<Record<string, string | undefined>>): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) form.append(name, value);
  return form.toString();
}

async function read(
  response: TokenResponse,
  context: TokenResponseContext & ConsentReturn,
): Promise<GrantedToken> {
  const { status, members } = response;
  if (members === undefined || status < 200 || status > 299) throw readRefusal(response);
  const { auth_token, request_token, refresh_token, expires_in } = members;
  const expiresInSeconds = lifetimeOf(expires_in);
  const [token, refreshToken, requestToken] = [auth_token, refresh_token, request_token].map(textOf);
  if (token !== undefined) {
    return {
      type: "granted",
      token,
      ...(await check(token, context)),
      expiresInSeconds,
      continuation: refreshToken === undefined ? undefined : { refreshToken },
    };
  }
  if (requestToken !== undefined) throw consentRequired(requestToken, expiresInSeconds, context);
  throw failed("the auth server answered with neither auth_token nor request_token");
}

/** The error that names the server's consent page. */
function consentRequired(
  requestToken: string,
  expiresInSeconds: number | undefined = DEFAULT_CONSENT_SECONDS,
  {
    server: authServer,
    metadata,
    observe,
    thumbprint: keyThumbprint,
    redirectUri,
    state,
  }: TokenResponseContext & ConsentReturn,
): AAuthAgentError {
  const page = textOf(metadata.agent_auth_endpoint);
  if (page === undefined)
    return failed("the auth server requires consent, but its document names no agent_auth_endpoint");
  const url = new URL(page);
  url.searchParams.set("request_token", requestToken);
  for (const [name, value] of Object.entries({ redirect_uri: redirectUri, state })) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  observe({ type: "consent_required", server: authServer, expiresInSeconds });
  const expiry = { expiresInSeconds, keyThumbprint };
  return new ConsentRequiredError({ consentUrl: url.href, requestToken, authServer, ...expiry });
}

/** The error in a response that grants nothing. */
export function readRefusal({ status, members, field }: TokenResponse): AAuthAgentError {
  if (members === undefined)
    return failed(`the auth server answered with status ${status} and no JSON object`);
  const { error, error_description: text } = members;
  if (typeof error !== "string" || !OAUTH_ERROR.test(error)) {
    return failed(`the auth server answered with status ${status}`);
  }
  const description = typeof text === "string" ? oneLine(text) : "no reason given";
  return new TokenRequestError(error, description, status, parseRefusal(field(REFUSAL_FIELD)));
}

async function check(token: string, expected: ExpectedToken): Promise<CheckedToken> {
  const decoded = decodedToken(token);
  const { claims } = decoded;
  try {
    checkHeader(decoded, { type: TOKEN_TYPES.auth, algorithms: TOKEN_ALGORITHMS });
    const { thumbprint } = await confirmationKey(claims, KEY_ALGORITHMS);
    const aud = optionalAudience(claims) ?? [];
    const { exp } = checkTimeShapes(claims);
    if (claims.iss !== expected.server)
      throw invalid("`iss` is not the expected issuer", "iss", expected.server);
    if (expected.resource !== undefined && ![aud].flat().includes(expected.resource)) {
      throw invalid("`aud` is not the expected resource", "aud", expected.resource);
    }
    if (thumbprint !== expected.thumbprint)
      throw invalid("`cnf` is not the signing key", "cnf", expected.thumbprint);
    if (isExpired(exp, expected.now)) throw invalid("`exp` has passed", "exp");
    return { claims, exp };
  } catch (cause) {
    if (cause instanceof AAuthAgentError) throw cause;
    const reason = cause instanceof Error ? cause.message : "unreadable";
    throw new AAuthAgentError("token_request_failed", `invalid auth token: ${reason}`, { cause });
  }
}

function decodedToken(token: string): DecodedToken {
  try {
    return decodeJwt(token);
  } catch (cause) {
    throw new AAuthAgentError("token_request_failed", "the auth server's token cannot be read", { cause });
  }
}

const offer: OfferRules = {
  kind: documents.kinds.resource,
  endpoint: "resource_token_endpoint",
  contentType: FORM,
  body: (scope) => formOf({ scope }),
  read({ status, members }) {
    if (status !== 200) return {};
    const resourceToken = textOf(members?.resource_token);
    const server = textOf(members?.auth_server);
    if (resourceToken === undefined || server === undefined) {
      const reason = "the resource token endpoint did not answer with resource_token and auth_server";
      throw new AAuthAgentError("malformed_challenge", reason);
    }
    return { challenge: { level: "authorized", resourceToken, server } };
  },
};

/** Servers that an agent trusts, and where its users return. */
export interface AgentServers {
  /** Issuer identifiers of the auth servers that challenges may name. */
  readonly authServers: readonly string[];
  /**
   * Address to which users return after consent. Default: none; an auth server that needs consent
   * refuses.
   */
  readonly redirectUri?: string | undefined;
}

export const tokenRequestsOf = ({ authServers, redirectUri }: AgentServers): TokenRequestRules => ({
  trustedServers: authServers,
  /**
   * For an exchange, `Signature-Key` contains the upstream token, but this agent's key signs
   * (profile 6.1).
   */
  request: (wanted, context: TokenRequestContext & ConsentReturn) => {
    const { server, resourceToken: resource_token } = wanted;
    const { identity, upstreamToken, state } = context;
    return upstreamToken === undefined
      ? request("auth", server, identity, { resource_token, redirect_uri: redirectUri, state })
      : request("exchange", server, { scheme: "jwt", jwt: upstreamToken }, { resource_token });
  },
  offer,
  read: (response, context) => read(response, { redirectUri, ...context }),
});

export const refreshRequest = (
  server: string,
  refreshToken: string,
  { identity }: TokenRequestContext,
): TokenRequest => request("refresh", server, identity, { refresh_token: refreshToken });

/** Requests of an agent outside of any call. */
export const codeRequest = (
  server: string,
  code: string,
  { identity }: TokenRequestContext,
  { redirectUri }: ConsentReturn,
): TokenRequest => request("code", server, identity, { code, redirect_uri: redirectUri });

export const ownTokenRequest = (
  server: string,
  scope: string,
  { identity }: TokenRequestContext,
  { redirectUri, state }: ConsentReturn,
): TokenRequest => request("auth", server, identity, { scope, redirect_uri: redirectUri, state });

export const revocationRequest = (
  server: string,
  refreshToken: string,
  { identity }: TokenRequestContext,
): TokenRequest => ({
  ...request("revoke", server, identity, {}),
  // The metadata does not name it; it is a sibling of the token endpoint.
  path: "revoke",
  body: formOf({ token: refreshToken }),
});

const failed = (reason: string): AAuthAgentError => new AAuthAgentError("token_request_failed", reason);

const invalid = (reason: string, claim: string, expected?: string): AAuthAgentError =>
  new AAuthAgentError("token_request_failed", `invalid auth token: ${reason}`, {
    claim,
    expected,
  });
