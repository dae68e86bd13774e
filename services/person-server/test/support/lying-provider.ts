import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";

/** Violations of a provider. Default: none. */
export interface Lies {
  /** Members of the provider's document. */
  readonly document?: Readonly<Record<string, unknown>>;
  /** Claims of the ID token; undefined takes one out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly signsWithAnotherKey?: boolean;
  /** Answers the path with this status, and as many bytes of spaces. */
  readonly fails?: { readonly path: string; readonly status?: number; readonly bytes?: number };
  /** Never answers the path. */
  readonly hangs?: string;
}

/**
 * An OpenID provider whose documents and tokens are made by the test. Its code is the nonce of the
 * request.
 */
export interface LyingProvider {
  readonly issuer: string;
  lies: Lies;
  /** Paths that were requested. */
  readonly requested: readonly string[];
  rotateKeys(): Promise<void>;
  stop(): Promise<void>;
}

export const LIED_CLIENT = "person-server";

export async function startLyingProvider(): Promise<LyingProvider> {
  const requested: string[] = [];
  const used = new Set<string>();
  let key = await newKey();
  const other = await newKey();
  const server = createServer(async (request, response) => {
    const path = request.url ?? "/";
    requested.push(path);
    let form = "";
    for await (const chunk of request) form += chunk;
    const { fails, hangs } = provider.lies;
    if (hangs === path) return;
    if (fails?.path === path) {
      response.writeHead(fails.status ?? 200, { "content-type": "application/json" });
      response.end(" ".repeat(fails.bytes ?? 0));
      return;
    }
    const [status, body] = await answer(path, new URLSearchParams(form));
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  });

  async function answer(path: string, form: URLSearchParams): Promise<readonly [number, unknown]> {
    const { issuer, lies } = provider;
    if (path === "/.well-known/openid-configuration") {
      const endpoints = {
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        end_session_endpoint: `${issuer}/logout`,
      };
      const algorithms = { id_token_signing_alg_values_supported: ["ES256"] };
      return [200, { issuer, ...endpoints, ...algorithms, ...lies.document }];
    }
    if (path === "/jwks") return [200, { keys: [key.jwk] }];
    const code = form.get("code") ?? "";
    if (path !== "/token" || used.has(code)) return [400, { error: "invalid_grant" }];
    used.add(code);
    const now = Math.floor(Date.now() / 1000);
    const usual = { iss: issuer, aud: LIED_CLIENT, sub: "alice", iat: now, exp: now + 60, nonce: code };
    const claims = JSON.parse(JSON.stringify({ ...usual, ...lies.claims })) as JWTPayload;
    const { jwk, privateKey } = lies.signsWithAnotherKey ? { ...other, jwk: key.jwk } : key;
    const idToken = await new SignJWT(claims)
      .setProtectedHeader({ alg: "ES256", kid: jwk.kid })
      .sign(privateKey);
    return [200, { access_token: randomUUID(), token_type: "Bearer", id_token: idToken }];
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const provider: LyingProvider = {
    issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lies: {},
    requested,
    async rotateKeys() {
      key = await newKey();
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return provider;
}

async function newKey() {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const jwk = { ...(await exportJWK(publicKey)), kid: randomUUID(), alg: "ES256", use: "sig" };
  return { jwk, privateKey };
}
