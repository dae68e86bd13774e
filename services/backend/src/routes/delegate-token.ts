import { AAuthError, canonicalAuthority, type Discovery, type Stores, tokenId } from "aauth";
import { createVerifier, type VerifierOptions } from "aauth/resource";
import { importVerificationKey } from "aauth/wire";
import type { FastifyInstance } from "fastify";
import { fastifyAAuth } from "fastify-aauth";
import { verificationTrace } from "protocol-trace";
import type { z } from "zod";
import { ClientAssertionError, createDelegateAuthentication } from "../delegates/client-assertion.ts";
import type { DelegateTokenRequest, DelegateTokens } from "../delegates/delegate-tokens.ts";
import type { IssuedTokens } from "../delegates/delegates-service.ts";
import type { Enrolments } from "../delegates/enrolments.ts";
import { answerRefusals, TokenRefusal } from "../delegates/token-refusal.ts";

/** Path of the endpoint below the agent's identifier (profile 6.7). */
export const DELEGATE_TOKEN_PATH = "/delegate/token";

/** Retention of the time of issue, for display. */
const KEEP_SECONDS = 30 * 86_400;
const MAX_ASSERTIONS = 10_000;

/**
 * `POST /delegate/token`: issues an agent token to a delegate of this agent (profile 4.3, 6.7). The
 * delegate proves possession of the token's key, by signing the request with it (scheme hwk), and
 * of the credential it was enrolled with. Draft -11 leaves open how a provider authenticates its
 * agents. Register it in its own scope.
 */
export async function delegateTokenRoute<Request extends DelegateTokenRequest>(
  app: FastifyInstance,
  options: {
    /** Own identifier. */
    agent: string;
    enrolments: Enrolments;
    discovery: Discovery;
    tokens: DelegateTokens<Request>;
    /** Dialect of a caller that proves only its key. */
    keyProof: VerifierOptions["profile"];
    lifetimeSeconds: number;
    issued: IssuedTokens;
    stores: Pick<Stores, "claims">;
    /** Unix seconds. */
    now: () => number;
  },
): Promise<void> {
  const { agent, enrolments, discovery, tokens, keyProof, lifetimeSeconds, issued, stores, now } = options;
  const logger = app.log.child({ logger: "agent_tokens" });
  const authenticate = createDelegateAuthentication({
    enrolments,
    endpoint: `${agent}${DELEGATE_TOKEN_PATH}`,
    usedAssertions: stores.claims("client assertions", { maxEntries: MAX_ASSERTIONS }), // hole V40a
    now,
  });
  const authority = canonicalAuthority(agent);
  await app.register(fastifyAAuth, {
    authority,
    verifier: createVerifier({
      profile: keyProof,
      authorities: [authority],
      schemes: ["hwk"],
      replayStore: stores.claims("replay delegate tokens"), // hole V40b
      discovery,
      now,
    }),
    observer: verificationTrace,
  });
  answerRefusals(app, logger, "❌ agent_token refused");

  app.post(
    DELEGATE_TOKEN_PATH,
    { config: { aauth: { level: "pseudonymous" } }, bodyLimit: 16_384 },
    async (request, reply) => {
      const parsed = tokens.request.safeParse(request.body);
      if (!parsed.success) throw misfit(parsed.error, tokens.members);
      const { sub, cnf_jwk, client_assertion } = parsed.data;
      const thumbprint = request.caller!.thumbprint;
      const confirmed = await importVerificationKey(cnf_jwk).catch(refuseKey);
      const { sub: delegate } = await authenticate(client_assertion, { thumbprint }).catch(refuseClient);
      if (sub !== delegate)
        throw new TokenRefusal(403, "access_denied", "sub is not the authenticated delegate");
      if (confirmed.thumbprint !== thumbprint) {
        throw new TokenRefusal(400, "invalid_request", "cnf_jwk is not the key that signed the request");
      }
      const { token, name } = await tokens.issue(parsed.data, delegate, confirmed);
      const note = { issuedAt: now(), expiresAt: now() + lifetimeSeconds, thumbprint };
      await issued.put(name, note, { owner: delegate, ttlSeconds: KEEP_SECONDS });
      logger.info({ delegate: name, thumbprint, id: tokenId(token) }, "✅ Issued agent_token");
      return reply
        .header("cache-control", "no-store")
        .send({ agent_token: token, expires_in: lifetimeSeconds });
    },
  );
}

/** Names the invalid member but not its value, which may be a misplaced secret. */
export function misfit({ issues: [issue] }: z.ZodError, needed: string): TokenRefusal {
  const members = issue?.code === "unrecognized_keys" ? issue.keys : [issue?.path[0]];
  const [wrong = "a member"] = members.filter((name) => typeof name === "string" && /^\w{1,64}$/.test(name));
  return new TokenRefusal(400, "invalid_request", `${needed}; ${String(wrong)} is invalid`);
}

/** A private member means that the delegate has just disclosed its key. */
function refuseKey(error: unknown): never {
  if (!(error instanceof AAuthError)) throw error;
  throw new TokenRefusal(400, "invalid_request", `cnf_jwk: ${error.message}`, { cause: error });
}

/**
 * Sends the same response for every invalid credential, to not reveal which delegates are enrolled.
 */
function refuseClient(error: unknown): never {
  if (!(error instanceof ClientAssertionError)) throw error;
  throw new TokenRefusal(401, "invalid_client", "the client assertion was not accepted", { cause: error });
}
