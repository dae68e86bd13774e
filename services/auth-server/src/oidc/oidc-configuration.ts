import { cookieName } from "issuer-kit";
import { errors, interactionPolicy, type RsaKeys } from "issuer-kit/openid";
import type { AdapterFactory, ClientMetadata, Configuration, KoaContextWithOIDC } from "oidc-provider";
import { type Accounts, accountClaims } from "../realm/accounts.ts";
import { type Realm, type RealmClient, siteOf } from "../realm/realm.ts";
import { ACCESS_TOKEN_AUDIENCE, shapeAccessToken } from "./access-token.ts";
import { libraryPages } from "./library-pages.ts";
import type { OidcPaths } from "./oidc-paths.ts";

/** Scopes of the realm, all of which also apply to the access token. */
export const OIDC_SCOPES = ["openid", "profile", "email"] as const;

/**
 * The client with which this server signs a user in before it asks for consent. Only the session is
 * used: the codes are discarded, and cannot be redeemed because their PKCE verifiers are not kept.
 */
export const CONSENT_CLIENT_ID = "aauth-consent";

interface ConfigurationOptions {
  realm: Realm;
  issuer: string;
  paths: OidcPaths;
  accounts: Accounts;
  keys: RsaKeys;
  adapter: AdapterFactory;
  /** Sign the browser's cookies, and outlive the signing keys. */
  cookieKeys: readonly string[];
}

/** Configures oidc-provider to answer like the realm in Keycloak. */
export function oidcConfiguration(options: ConfigurationOptions): Configuration {
  const { realm, issuer, paths, accounts, keys, adapter, cookieKeys } = options;
  const { logoutSource, postLogoutSuccessSource, renderError } = libraryPages(siteOf(realm));
  const { clients } = realm;
  const webOrigins = (clientId: string) =>
    clients.find((client) => client.clientId === clientId)?.webOrigins ?? [];
  const resource = accountResource(issuer);
  const policy = interactionPolicy.base();
  // The clients belong to the realm (consentRequired is false), so users are not asked for consent.
  policy.remove("consent");

  return {
    adapter,
    // Requests must name their redirect URI, as in Keycloak.
    allowOmittingSingleRegisteredRedirectUri: false,
    clientAuthMethods: ["none"],
    clients: [...clients.map(clientMetadata), consentClientMetadata(issuer, paths)],
    clientBasedCORS: (_ctx, origin, client) => webOrigins(client.clientId).includes(origin),
    claims: {
      openid: ["sub"],
      profile: ["name", "preferred_username", "given_name", "family_name"],
      email: ["email", "email_verified"],
    },
    // Keycloak puts the claims of the granted scopes into the ID token.
    conformIdTokenClaims: false,
    cookies: {
      keys: [...cookieKeys],
      names: {
        session: cookieName("aauth_session", issuer),
        interaction: cookieName("aauth_interaction", issuer),
        resume: cookieName("aauth_resume", issuer),
      },
      long: { signed: true, httpOnly: true, sameSite: "lax", path: paths.base },
      short: { signed: true, httpOnly: true, sameSite: "lax" },
    },
    extraClientMetadata: { properties: [] },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      // Not used by any client of the demo, because the claims are in the tokens.
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: true, logoutSource, postLogoutSuccessSource },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, indicator) => {
          if (indicator !== resource) throw new errors.InvalidTarget();
          return accountResourceServer(realm);
        },
      },
    },
    findAccount: async (_ctx, id) => {
      const user = await accounts.find(id);
      return user && { accountId: id, claims: () => accountClaims(user) };
    },
    formats: { customizers: { jwt: shapeAccessToken({ accounts, webOrigins }) } },
    interactions: { policy, url: (_ctx, interaction) => `${paths.login}/${interaction.uid}` },
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed("refresh_token"),
    jwks: { keys: keys.signingKeys as never },
    loadExistingGrant: (ctx) => grantAllScopes(ctx, resource),
    pkce: { required: () => true },
    renderError,
    responseTypes: ["code"],
    rotateRefreshToken: realm.revokeRefreshToken,
    routes: paths.routes,
    scopes: [...OIDC_SCOPES],
    subjectTypes: ["public"],
    ttl: lifetimes(realm),
  };
}

/** Resource indicator that stands for the audience `account`, because indicators must be URLs. */
export function accountResource(issuer: string): string {
  return `${issuer}/account`;
}

export function accountResourceServer(realm: Realm) {
  return {
    scope: OIDC_SCOPES.join(" "),
    audience: ACCESS_TOKEN_AUDIENCE,
    accessTokenTTL: realm.accessTokenLifespan,
    accessTokenFormat: "jwt" as const,
    jwt: { sign: { alg: "RS256" as const } },
  };
}

/** Grants a signed-in user's client all scopes, because users are not asked for consent. */
async function grantAllScopes({ oidc }: KoaContextWithOIDC, resource: string) {
  const { client, session, provider } = oidc;
  if (client === undefined || session?.accountId === undefined) return undefined;
  // A new grant would end the refresh tokens of the user's other tabs.
  const known = session.grantIdFor(client.clientId);
  const existing = known === undefined ? undefined : await provider.Grant.find(known);
  if (existing?.accountId === session.accountId) return existing;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope(OIDC_SCOPES.join(" "));
  grant.addResourceScope(resource, OIDC_SCOPES.join(" "));
  await grant.save();
  return grant;
}

/** Seconds. */
function lifetimes(realm: Realm) {
  return {
    AccessToken: realm.accessTokenLifespan,
    AuthorizationCode: realm.accessCodeLifespan,
    IdToken: realm.accessTokenLifespan,
    RefreshToken: realm.ssoSessionIdleTimeout,
    Interaction: realm.accessCodeLifespanLogin,
    Session: realm.ssoSessionMaxLifespan,
    Grant: realm.ssoSessionMaxLifespan,
  };
}

function clientMetadata(client: RealmClient): ClientMetadata {
  const postLogout = client.attributes["post.logout.redirect.uris"]?.split("##") ?? [];
  return {
    client_id: client.clientId,
    client_name: client.name ?? client.clientId,
    token_endpoint_auth_method: "none",
    response_types: client.standardFlowEnabled ? ["code"] : [],
    grant_types: [
      ...(client.standardFlowEnabled ? ["authorization_code"] : []),
      ...(client.directAccessGrantsEnabled ? ["password"] : []),
      "refresh_token",
    ],
    redirect_uris: client.redirectUris,
    // Keycloak writes `+` for the redirect URIs.
    post_logout_redirect_uris: postLogout.flatMap((uri) => (uri === "+" ? client.redirectUris : [uri])),
  };
}

function consentClientMetadata(issuer: string, paths: OidcPaths): ClientMetadata {
  return {
    client_id: CONSENT_CLIENT_ID,
    client_name: "an agent's request",
    token_endpoint_auth_method: "none",
    response_types: ["code"],
    grant_types: ["authorization_code"],
    redirect_uris: [new URL(paths.consentLoginReturn, issuer).href],
  };
}
