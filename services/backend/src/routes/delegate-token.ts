import { AAuthError, type SigningKey, tokenId } from "aauth";
import { issueAgentToken } from "aauth/issuer";
import { importVerificationKey } from "aauth/wire";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import {
  type AuthenticateDelegate,
  CLIENT_ASSERTION_TYPE,
  ClientAssertionError,
} from "../delegates/client-assertion.ts";
import type { IssuedTokens } from "../delegates/delegates-service.ts";

/** Path of the endpoint below the agent's identifier (profile 6.7). */
export const DELEGATE_TOKEN_PATH = "/delegate/token";

/** How long the time of issue is shown. */
const KEEP_SECONDS = 30 * 86_400;

const requestSchema = z.strictObject({
  /** The delegate's own name, as enrolled. */
  sub: z.string().max(64),
  /** The key to vouch for: the one the request is signed with. */
  cnf_jwk: z.looseObject({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: z.string().length(43) }),
  /** Where the token is to be presented: some of the allowed audiences. Default: all of them. */
  aud: z.union([z.string(), z.array(z.string()).min(1).max(10)]).optional(),
  client_assertion_type: z.literal(CLIENT_ASSERTION_TYPE),
  client_assertion: z.string().max(4096),
});

/** An OAuth error response. */
class TokenRefusal extends Error {
  override readonly name = "TokenRefusal";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, description: string, options?: ErrorOptions) {
    super(description, options);
    this.status = status;
    this.code = code;
  }
}

/**
 * `POST /delegate/token`: an agent token for a delegate of this agent (profile 4.3, 6.7). It must hold the key that the token is bound
 * to, because the request is signed with it (scheme hwk, checked by the verifier before), and the credential it was enrolled with.
 */
export async function delegateTokenRoute(
  app: FastifyInstance,
  options: {
    /** Own identifier: `iss` of agent tokens. */
    agent: string;
    /** Signs agent tokens; its owner publishes it until the last of them has expired. */
    key: () => SigningKey;
    authenticate: AuthenticateDelegate;
    /** The parties that agent tokens are for. */
    audiences: readonly string[];
    lifetimeSeconds: number;
    issued: IssuedTokens;
    /** Unix seconds. */
    now: () => number;
  },
): Promise<void> {
  const { agent, key, authenticate, audiences, lifetimeSeconds, issued, now } = options;
  const logger = app.log.child({ logger: "agent_tokens" });

  app.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof TokenRefusal)) throw error;
    const { status, code, message, cause } = error;
    logger.warn({ code, reason: cause instanceof Error ? cause.message : message }, "❌ agent_token refused");
    return reply
      .header("cache-control", "no-store")
      .code(status)
      .send({ error: code, error_description: message });
  });

  app.post(
    DELEGATE_TOKEN_PATH,
    { config: { aauth: { level: "pseudonymous" } }, bodyLimit: 16_384 },
    async (request, reply) => {
      const parsed = requestSchema.safeParse(request.body);
      if (!parsed.success) throw misfit(parsed.error);
      const { sub, cnf_jwk, client_assertion } = parsed.data;
      const thumbprint = request.caller!.thumbprint;
      const confirmed = await importVerificationKey(cnf_jwk).catch(refuseKey);
      const { sub: delegate } = await authenticate(client_assertion, { thumbprint }).catch(refuseClient);
      if (sub !== delegate) throw new TokenRefusal(403, "access_denied", "sub is not the delegate that asks");
      if (confirmed.thumbprint !== thumbprint) {
        throw new TokenRefusal(400, "invalid_request", "cnf_jwk is not the key that signed the request");
      }
      const audience = [parsed.data.aud ?? audiences].flat();
      if (!audience.every((name) => audiences.includes(name))) {
        throw new TokenRefusal(400, "invalid_target", "aud names a party that agent tokens are not for");
      }
      const token = await issueAgentToken({
        key: key(),
        agent,
        delegate,
        confirmationKey: confirmed.publicJwk,
        audience,
        lifetimeSeconds,
        now,
      });
      const note = { issuedAt: now(), expiresAt: now() + lifetimeSeconds, thumbprint };
      await issued.put(delegate, note, KEEP_SECONDS);
      logger.info({ delegate, thumbprint, id: tokenId(token) }, "✅ Issued agent_token");
      return reply
        .header("cache-control", "no-store")
        .send({ agent_token: token, expires_in: lifetimeSeconds });
    },
  );
}

/** Names the member that does not fit, not its value: that may be a secret in the wrong place. */
function misfit({ issues: [issue] }: z.ZodError): TokenRefusal {
  const members = issue?.code === "unrecognized_keys" ? issue.keys : [issue?.path[0]];
  const [wrong = "a member"] = members.filter((name) => typeof name === "string" && /^\w{1,64}$/.test(name));
  const needed = "sub, cnf_jwk and a client assertion are needed, and aud is taken";
  return new TokenRefusal(400, "invalid_request", `${needed}; ${String(wrong)} does not fit`);
}

/** A private member means that the delegate has just given its key away. */
function refuseKey(error: unknown): never {
  if (!(error instanceof AAuthError)) throw error;
  throw new TokenRefusal(400, "invalid_request", `cnf_jwk: ${error.message}`, { cause: error });
}

/** One response for every bad credential: it must not reveal which delegates are enrolled. */
function refuseClient(error: unknown): never {
  if (!(error instanceof ClientAssertionError)) throw error;
  throw new TokenRefusal(401, "invalid_client", "the client assertion was not accepted", { cause: error });
}
