import { AAuthAgentError, AAuthError } from "../errors.ts";
import type { Challenge } from "../profile/calls.ts";
import type { SignatureKeyScheme } from "../profile/messages.ts";
import type { TokenRequest, TokenRequestContext } from "../profile/token-requests.ts";
import type { Interaction } from "../profile/waiting.ts";
import { confirmationKey } from "../tokens/claim-checks.ts";
import { decodeJwt } from "../tokens/jwt.ts";
import { readToken } from "../tokens/token-schema.ts";
import type { SigningKey } from "../types.ts";
import { isServerIdentifier, parseAgentIdentifier } from "./identifiers.ts";
import { issueAgentToken } from "./issue-tokens.ts";
import { ALGORITHMS, LEVELS, TOKEN_TYPES } from "./names.ts";
import { claimsOf, decodedOf, RENEW_BEFORE_SECONDS, tokenRequest } from "./token-requests.ts";
import { AGENT_TOKEN } from "./token-schemas.ts";

const [, PERSON, AUTH] = LEVELS;

/** The server of the agent's person, if its credential names one. */
export function serverOfAgent(identity: SignatureKeyScheme): string | undefined {
  const { ps } = (identity.scheme === "jwt" && claimsOf(identity.jwt)) || {};
  return typeof ps === "string" && isServerIdentifier(ps) ? ps : undefined;
}

/**
 * The person server of the caller's person, which is not the one in the agent's own token (section
 * 10.1.1).
 *
 * @throws AAuthAgentError `malformed_token` for a token that names no server
 */
export function serverOfUpstream(token: string): string {
  const decoded = decodedOf(token);
  const { typ } = decoded?.header ?? {};
  const server = typ === TOKEN_TYPES.person ? decoded?.claims.iss : decoded?.claims.ps;
  const isKnown = typ === TOKEN_TYPES.person || typ === TOKEN_TYPES.auth;
  if (!isKnown || typeof server !== "string" || !isServerIdentifier(server)) {
    throw new AAuthAgentError(
      "malformed_token",
      "the upstream token is not a person token or an auth token",
      {
        section: "draft -11, section 10.1.1",
      },
    );
  }
  return server;
}

interface OwnToken {
  readonly token: string;
  readonly exp: number;
  readonly of: string;
}
const ownTokens = new WeakMap<SigningKey, OwnToken>();

/**
 * The credential of an agent that is its own agent provider: its identifier's domain is the
 * provider (section 10.1.1.1).
 *
 * @param options.server person server of the agent
 */
export async function identify({
  id,
  key,
  server,
  now,
}: {
  readonly id: string;
  readonly key: SigningKey;
  readonly server: string | undefined;
  readonly now: () => number;
}): Promise<SignatureKeyScheme> {
  const of = `${id} ${server ?? ""}`;
  const known = ownTokens.get(key);
  if (known?.of === of && now() < known.exp - RENEW_BEFORE_SECONDS)
    return { scheme: "jwt", jwt: known.token };
  const { token, claims } = await issueAgentToken({
    key,
    issuer: `https://${parseAgentIdentifier(id)?.domain ?? ""}`,
    agent: id,
    personServer: server,
    confirmationKey: key.publicJwk,
    now,
  });
  ownTokens.set(key, { token, exp: claims.exp, of });
  return { scheme: "jwt", jwt: token };
}

/**
 * Thumbprint of a sub-agent's key.
 *
 * @throws AAuthAgentError `token_agent_mismatch` unless it is the agent token of a sub-agent of
 *   `parent`
 */
export async function keyOfSubAgent(subagentToken: string, parent: string): Promise<string> {
  try {
    const decoded = decodeJwt(subagentToken);
    const { parent_agent } = readToken(decoded, AGENT_TOKEN).claims;
    if (parent_agent === parent) return (await confirmationKey(decoded.claims, ALGORITHMS)).thumbprint;
  } catch (error) {
    if (!(error instanceof AAuthError)) throw error;
  }
  throw new AAuthAgentError(
    "token_agent_mismatch",
    "the token does not belong to a sub-agent of this agent",
    {
      claim: "parent_agent",
      expected: parent,
      section: "draft -11, section 10.2",
    },
  );
}

/** The request that asks the server to bring its person to a resource's interaction. */
export const relayRequest = (
  server: string,
  { url, code }: Interaction,
  context: TokenRequestContext,
): TokenRequest =>
  tokenRequest("interaction", server, "interaction_endpoint", context, {
    type: "interaction",
    url,
    code,
    mission_s256: context.mission,
  });

/** The challenge for a sub-agent: an auth token for the resource token, or else a person token. */
export const challengeOfSubAgent = (resourceToken: string | undefined): Challenge =>
  resourceToken === undefined ? { level: PERSON } : { level: AUTH, resourceToken };
