/**
 * Talks to the token endpoint of an auth server (profile 6.1).
 *
 * @module
 */

import type { Discovery } from "../discovery/discovery.ts";
import { AAuthError, ConsentRequiredError } from "../errors.ts";
import type { DecodedToken } from "../tokens/jwt.ts";
import type { IssuerMetadata, SigningKey } from "../types.ts";
import { type AgentObserver, ignoreEvents, type TokenRequestType } from "./events.ts";
import { postForm } from "./post-form.ts";
import type { Sender } from "./sender.ts";
import { showToken } from "./shown-token.ts";
import type { SignatureKeyChoice } from "./sign-request.ts";
import { unlessAborted } from "./timeout.ts";
import {
  type ConsentDemand,
  checkGrantedToken,
  readRevocationAnswer,
  readTokenAnswer,
  type TokenGrant,
} from "./token-grant.ts";

export interface TokenClientOptions {
  readonly trustedAuthServers: readonly string[];
  readonly discovery: Discovery;
  readonly send: Sender;
  readonly now: () => number;
  readonly timeoutMs: number;
  readonly revealTokens: boolean;
}

export interface TokenRequest {
  readonly authServer: string;
  readonly requestType: TokenRequestType;
  /** Form parameters after `request_type`, in the order they are sent. Undefined ones are left out. */
  readonly parameters: Readonly<Record<string, string | undefined>>;
  readonly credential: SignatureKeyChoice;
  readonly key: SigningKey;
  /** The audience a token must have to be of use; undefined where only the auth server knows it. */
  readonly resource?: string | undefined;
  readonly observe: AgentObserver;
  readonly signal?: AbortSignal | undefined;
}

/** A grant with its token taken apart. */
export interface OpenedGrant extends TokenGrant {
  readonly claims: DecodedToken["claims"];
  /** Unix seconds. */
  readonly expiresAt: number;
}

export interface Revocation
  extends Pick<TokenRequest, "authServer" | "credential" | "key" | "observe" | "signal"> {
  readonly token: string;
}

export interface TokenClient {
  request(request: TokenRequest): Promise<OpenedGrant>;
  /** Gives a refresh token back. */
  revoke(revocation: Revocation): Promise<void>;
}

/**
 * Creates the client. It asks only auth servers that are trusted, finds their endpoint by discovery, signs each
 * request, and checks that a token is of use before handing it out.
 *
 * @throws (from the client) AAuthError `challenge_untrusted`, `token_request_failed` and the discovery group;
 * TokenRequestError; ConsentRequiredError.
 */
export function createTokenClient(options: TokenClientOptions): TokenClient {
  return { request: requestToken, revoke };

  async function requestToken(request: TokenRequest): Promise<OpenedGrant> {
    const { authServer, requestType, key, observe } = request;
    const metadata = await unlessAborted(metadataOf(authServer), request.signal);
    const url = new URL(metadata.agent_token_endpoint).href;
    observe({ type: "token_requested", authServer, requestType, url });

    const { parameters } = request;
    const form = new URLSearchParams({ request_type: requestType });
    for (const [name, value] of Object.entries(parameters)) {
      if (value !== undefined) form.append(name, value);
    }
    const answer = await post(url, form, request, readTokenAnswer);
    if ("requestToken" in answer) throw consentRequired(answer, metadata, request);
    const now = options.now();
    const { thumbprint } = key;
    const expected = { authServer, resource: request.resource, thumbprint, now };
    const { shown, exp } = await checkGrantedToken(answer.authToken, expected);
    const expiresInSeconds = Math.min(exp - now, answer.expiresInSeconds ?? Number.POSITIVE_INFINITY);
    if (observe !== ignoreEvents) {
      const token = showToken(answer.authToken, options.revealTokens, shown);
      observe({ type: "token_received", authServer, requestType, token, expiresInSeconds });
    }
    return { ...answer, expiresInSeconds, claims: shown.claims, expiresAt: now + expiresInSeconds };
  }

  async function revoke(revocation: Revocation): Promise<void> {
    const { authServer, signal } = revocation;
    const { agent_token_endpoint } = await unlessAborted(metadataOf(authServer), signal);
    // The metadata does not name it: it is the token endpoint's sibling.
    const url = new URL("revoke", agent_token_endpoint).href;
    await post(url, new URLSearchParams({ token: revocation.token }), revocation, readRevocationAnswer);
  }

  async function metadataOf(authServer: string): Promise<IssuerMetadata> {
    if (!options.trustedAuthServers.includes(authServer)) {
      throw new AAuthError("challenge_untrusted", "the auth server is not one this agent trusts");
    }
    return options.discovery.issuerMetadata(authServer);
  }

  async function post<Answer>(
    url: string,
    form: URLSearchParams,
    { credential, key, observe, signal }: Omit<Revocation, "authServer" | "token">,
    read: (response: Response) => Promise<Answer>,
  ): Promise<Answer> {
    const { send, timeoutMs } = options;
    const signals = signal === undefined ? [] : [signal];
    let status: number | undefined;
    const readAnswer = (response: Response) => {
      status = response.status;
      return read(response);
    };
    try {
      return await postForm(
        { url, form, signals },
        { send, timeoutMs, key, credential, purpose: "token", observe },
        readAnswer,
      );
    } catch (error) {
      if (error instanceof AAuthError) throw error;
      if (signal?.aborted) throw error;
      throw new AAuthError("token_request_failed", unread(status, error), { cause: error });
    }
  }
}

/** Why there is no answer, or only the beginning of one. */
function unread(status: number | undefined, error: unknown): string {
  if (status === undefined) return "the auth server could not be reached";
  const isLate = error instanceof DOMException && error.name === "TimeoutError";
  return `the auth server answered with status ${status}, and not to the end${isLate ? " in time" : ""}`;
}

function consentRequired(
  demand: ConsentDemand,
  metadata: IssuerMetadata,
  { authServer, parameters, observe, key }: TokenRequest,
): AAuthError {
  if (metadata.agent_auth_endpoint === undefined) {
    return new AAuthError(
      "token_request_failed",
      "the auth server wants consent but has no place to give it",
    );
  }
  const { requestToken, expiresInSeconds } = demand;
  observe({ type: "consent_required", authServer, expiresInSeconds });
  const url = new URL(metadata.agent_auth_endpoint);
  url.searchParams.set("request_token", requestToken);
  for (const name of ["redirect_uri", "state"]) {
    const value = parameters[name];
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return new ConsentRequiredError({
    consentUrl: url.href,
    requestToken,
    authServer,
    expiresInSeconds,
    keyThumbprint: key.thumbprint,
  });
}
