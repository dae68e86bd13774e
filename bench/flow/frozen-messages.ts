import { generateKeyPairSync } from "node:crypto";
import { generateSigningKey, signRequest } from "aauth";
import { createTokenSigner, issueAuthToken, issueResourceToken } from "aauth/issuer";
import { formatAgentAuth } from "aauth/wire";
import { promptBody } from "./prompt.ts";

/** What one hop of a signed flow puts on the wire, made once and repeated: the same bytes, and no work for them. */
export interface FrozenMessages {
  /** Signature headers of a request with an identity (scheme jwks). */
  readonly identified: Readonly<Record<string, string>>;
  /** The same with an auth token (scheme jwt). */
  readonly authorized: Readonly<Record<string, string>>;
  /** Headers of the answer 401. */
  readonly challenge: Readonly<Record<string, string>>;
  readonly tokenRequest: string;
  readonly tokenAnswer: string;
  /** What the check tells the gateway of a caller, by its scheme. */
  readonly claims: { readonly jwks: string; readonly jwt: string };
}

export async function freezeMessages(hop: {
  agent: string;
  resource: string;
  issuer: string;
}): Promise<FrozenMessages> {
  const { agent, resource, issuer } = hop;
  const key = await generateSigningKey({ kid: "bench-ephemeral-1" });
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const scope = "market-analysis:analyze";
  const { token, claims } = await issueAuthToken({
    signer: await createTokenSigner(privateKey, { alg: "RS256", kid: "x".repeat(43) }),
    issuer,
    audience: resource,
    agent,
    confirmationKey: key.publicJwk,
    scope,
  });
  const resourceToken = await issueResourceToken({
    key,
    resource,
    authServer: issuer,
    agent,
    agentJkt: key.thumbprint,
    scope,
  });
  const sign = async (signatureKey: Parameters<typeof signRequest>[1]["signatureKey"]) => {
    const headers = { "content-type": "application/json" };
    const request = { method: "POST", url: `${resource}/`, headers, body: Buffer.from(promptBody()) };
    return (await signRequest(request, { key, signatureKey })).headers;
  };
  return {
    identified: await sign({ scheme: "jwks", id: agent }),
    authorized: await sign({ scheme: "jwt", jwt: token }),
    challenge: {
      "agent-auth": formatAgentAuth({ level: "authorized", resourceToken, authServer: issuer }),
      "content-type": "text/plain; charset=utf-8",
    },
    tokenRequest: new URLSearchParams({ request_type: "auth", resource_token: resourceToken }).toString(),
    tokenAnswer: JSON.stringify({ auth_token: token, expires_in: 300, token_type: "AAuth" }),
    claims: {
      jwks: JSON.stringify({ scheme: "Jwks", agent }),
      jwt: JSON.stringify({ scheme: "Jwt", agent, jwt_claims: claims }),
    },
  };
}
