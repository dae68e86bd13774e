/**
 * Asks a resource for a resource token before it is called (SPEC 9.2.5, profile 6.6).
 *
 * @module
 */

import { discardBody, readBodyAtMost } from "../discovery/direct-response.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { AAuthError } from "../errors.ts";
import type { SigningKey } from "../types.ts";
import { checkChallenge, type TrustedChallenge } from "./check-challenge.ts";
import { type AgentObserver, ignoreEvents } from "./events.ts";
import { postForm } from "./post-form.ts";
import type { Sender } from "./sender.ts";
import { showToken } from "./shown-token.ts";
import type { SignatureKeyChoice } from "./sign-request.ts";
import { anyOf, unlessAborted } from "./timeout.ts";

export interface ResourceTokenClientOptions {
  readonly id: string;
  readonly trustedAuthServers: readonly string[];
  readonly discovery: Discovery;
  readonly send: Sender;
  readonly now: () => number;
  readonly revealTokens: boolean;
  readonly timeoutMs: number;
}

export interface ResourceTokenRequest {
  readonly resource: string;
  /** Space-separated. */
  readonly scope: string;
  readonly credential: SignatureKeyChoice;
  readonly key: SigningKey;
  readonly observe: AgentObserver;
  readonly signals: readonly AbortSignal[];
}

/** Undefined where the resource has no such endpoint, or did not answer with a token: calling it then says what it wants. */
export type ResourceTokenClient = (request: ResourceTokenRequest) => Promise<TrustedChallenge | undefined>;

const MAX_ANSWER_BYTES = 65_536;

/**
 * Creates the client. A token passes the checks of one in a challenge (profile 3.4), and must not be for more than was asked.
 *
 * @throws (from the client) AAuthError `malformed_challenge`, `challenge_untrusted`; the reason of a signal, a TimeoutError, and what the
 * transport throws, before the answer or in the middle of it.
 */
export function createResourceTokenClient(options: ResourceTokenClientOptions): ResourceTokenClient {
  const { id: agent, trustedAuthServers, discovery, send, now, revealTokens, timeoutMs } = options;

  return async ({ resource, scope, credential, key, observe, signals }) => {
    const url = await unlessAborted(endpointOf(resource), anyOf(signals));
    if (url === undefined) return undefined;
    observe({ type: "resource_token_requested", resource, url, scope });
    const answer = await postForm(
      { url, form: new URLSearchParams({ scope }), signals },
      { send, timeoutMs, key, credential, purpose: "resource", observe },
      readAnswer,
    );
    if (answer === undefined) return undefined;
    const { resourceToken, authServer } = answer;
    const { thumbprint } = key;
    const trusted = checkChallenge(
      { level: "authorized", resourceToken, authServer },
      { trustedAuthServers, resource, agent, thumbprint, now: now() },
    );
    const asked = scope.split(" ");
    if (!(trusted.claims.scope ?? "").split(" ").every((word) => asked.includes(word))) {
      throw new AAuthError("challenge_untrusted", "the resource token is for more than was asked");
    }
    if (observe !== ignoreEvents) {
      const shown = showToken(resourceToken, revealTokens);
      observe({ type: "resource_token_received", resource, authServer, resourceToken: shown });
    }
    return trusted;
  };

  /** Only at the resource itself: its document must not make this agent send signed requests to others. */
  async function endpointOf(resource: string): Promise<string | undefined> {
    try {
      const endpoint = (await discovery.resourceMetadata(resource)).resource_token_endpoint;
      const url = endpoint === undefined ? null : URL.parse(endpoint);
      return url !== null && url.origin === new URL(resource).origin ? url.href : undefined;
    } catch (error) {
      if (error instanceof AAuthError) return undefined;
      throw error;
    }
  }
}

/** Undefined for a refusal. */
async function readAnswer(
  response: Response,
): Promise<{ resourceToken: string; authServer: string } | undefined> {
  if (response.status !== 200) {
    await discardBody(response);
    return undefined;
  }
  const bytes = await readBodyAtMost(response, MAX_ANSWER_BYTES).catch((error: unknown) => {
    if (!(error instanceof RangeError)) throw error;
    throw malformed(`more than ${MAX_ANSWER_BYTES} bytes`, error);
  });
  try {
    const text = new TextDecoder().decode(bytes);
    const { resource_token: resourceToken, auth_server: authServer } = JSON.parse(text) as Record<
      string,
      unknown
    >;
    if (typeof resourceToken === "string" && typeof authServer === "string")
      return { resourceToken, authServer };
  } catch {
    // No cause: the parser quotes what it could not read, and that may be a token.
  }
  throw malformed("something else");
}

function malformed(answer: string, cause?: RangeError): AAuthError {
  return new AAuthError("malformed_challenge", `the resource token endpoint answered with ${answer}`, {
    cause,
  });
}
