/**
 * An OpenID provider that is not Keycloak, for tests and by hand: subjects by client, no end of
 * the session, neither name nor e-mail address in its tokens, ES256 and a client with a secret.
 * Any login is a user, with any password.
 *
 * `node services/person-server/test/support/other-provider.ts [port] [redirect URI]`
 *
 * @module
 */

import { generateKeyPairSync, hash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { interactionPolicy, Provider } from "oidc-provider";

export const OTHER_CLIENT = { clientId: "any-person-server", clientSecret: "not a secret: for tests" };

export interface OtherProvider {
  readonly issuer: string;
  /** Replaces the signing keys; new tokens are signed with the new one. */
  rotateKeys(): void;
  /** The `sub` that the client gets for a login. */
  subjectOf(login: string): string;
  stop(): Promise<void>;
}

/**
 * Starts it on loopback.
 *
 * @param options.port default: a free one
 */
export async function startOtherProvider(options: {
  redirectUri: string;
  port?: number;
}): Promise<OtherProvider> {
  const { redirectUri, port = 0 } = options;
  const salt = randomBytes(16).toString("hex");
  const subjectOf = (login: string) => hash("sha256", `${salt} ${new URL(redirectUri).host} ${login}`);
  let handle: ReturnType<Provider["callback"]>;
  const server = createServer((request, response) => handle(request, response));
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cookieKeys = [randomBytes(32).toString("hex")];
  const rotateKeys = () => {
    handle = buildProvider({ issuer, redirectUri, subjectOf, cookieKeys }).callback();
  };
  rotateKeys();
  return {
    issuer,
    rotateKeys,
    subjectOf,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function buildProvider(options: {
  issuer: string;
  redirectUri: string;
  subjectOf: (login: string) => string;
  cookieKeys: string[];
}): Provider {
  const { issuer, redirectUri, subjectOf, cookieKeys } = options;
  const policy = interactionPolicy.base();
  policy.remove("consent");
  const provider: Provider = quietly(
    () =>
      new Provider(issuer, {
        clients: [
          {
            client_id: OTHER_CLIENT.clientId,
            client_secret: OTHER_CLIENT.clientSecret,
            redirect_uris: [redirectUri],
            subject_type: "pairwise",
            id_token_signed_response_alg: "ES256",
            token_endpoint_auth_method: "client_secret_basic",
          },
        ],
        jwks: { keys: [newKey()] },
        cookies: {
          keys: cookieKeys,
          names: {
            session: "other-provider-session",
            interaction: "other-provider",
            resume: "other-provider-resume",
          },
        },
        subjectTypes: ["pairwise"],
        pairwiseIdentifier: (_ctx, login) => subjectOf(login),
        enabledJWA: { idTokenSigningAlgValues: ["ES256"] },
        claims: { openid: ["sub"] },
        scopes: ["openid"],
        features: { rpInitiatedLogout: { enabled: false }, devInteractions: { enabled: true } },
        interactions: { policy },
        pkce: { required: () => true },
        findAccount: (_ctx, login) => ({ accountId: login, claims: async () => ({ sub: login }) }),
        async loadExistingGrant({ oidc }) {
          const { client, session } = oidc;
          const grant = new provider.Grant({ clientId: client!.clientId, accountId: session!.accountId! });
          grant.addOIDCScope("openid");
          await grant.save();
          return grant;
        },
        ttl: {
          Interaction: 600,
          Session: 3_600,
          Grant: 3_600,
          AccessToken: 60,
          IdToken: 60,
          AuthorizationCode: 60,
        },
      }),
  );
  return provider;
}

/** The library warns of settings meant for development, as these are. */
function quietly<T>(make: () => T): T {
  const { warn } = console;
  console.warn = () => {};
  try {
    return make();
  } finally {
    console.warn = warn;
  }
}

function newKey() {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    ...privateKey.export({ format: "jwk" }),
    alg: "ES256",
    use: "sig",
    kid: randomBytes(6).toString("hex"),
  };
}

if (import.meta.main) {
  const [port = "8090", redirectUri = "http://localhost:8081/sign-in/callback"] = process.argv.slice(2);
  const { issuer } = await startOtherProvider({ port: Number(port), redirectUri });
  console.log(`${issuer} with client ${OTHER_CLIENT.clientId}, secret "${OTHER_CLIENT.clientSecret}"`);
}
