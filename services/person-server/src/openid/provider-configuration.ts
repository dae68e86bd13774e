import { createDirectedSubjects } from "aauth/server";
import { cookieName, messagePage, type Site } from "issuer-kit";
import { interactionPolicy, type OidcProviderParts, type RsaKeys } from "issuer-kit/openid";
import type { ClientMetadata, Configuration, KoaContextWithOIDC } from "oidc-provider";

/** Path of a sign-in requested by a resource, followed by `/` and its id. */
export const SIGN_IN_PATH = "/openid/sign-in";

export const OPENID_ROUTES = {
  authorization: "/openid/auth",
  token: "/openid/token",
  jwks: "/openid/jwks",
} as const;

const SCOPES = ["openid", "profile"];
/** Lifetime of codes, which are redeemed at once, and of tokens, which are never used. */
const SHORT_SECONDS = 60;
/** Lifetime of an authorization request. The person may have to sign in first. */
export const SIGN_IN_SECONDS = 1_800;
/** Path that confines the library's session cookies: no page is below it. */
const NO_PATH = "/openid/no-session";

/**
 * Configures oidc-provider for resources: code with PKCE, no secrets, no consent, and no session
 * other than the person server's.
 */
export function providerConfiguration(options: {
  parts: OidcProviderParts;
  keys: RsaKeys;
  clients: ClientMetadata[];
  subjectSecret: Uint8Array<ArrayBuffer>;
  /** Name of a person who has just signed in to a resource. */
  nameOf: (person: string) => Promise<string | undefined>;
  issuer: string;
  site: Site;
}): Configuration {
  const { parts, keys, clients, nameOf, issuer, site } = options;
  const subjectOf = createDirectedSubjects(options.subjectSecret);
  const policy = interactionPolicy.base();
  // The operator has configured the clients, so a person signs in without a consent page.
  policy.remove("consent");
  return {
    adapter: parts.adapter,
    allowOmittingSingleRegisteredRedirectUri: false,
    claims: { openid: ["sub"], profile: ["name"] },
    clientAuthMethods: ["none"],
    clients,
    // There is no userinfo endpoint: the claims of the scopes are in the ID token.
    conformIdTokenClaims: false,
    cookies: {
      keys: parts.cookieKeys,
      names: {
        session: cookieName("person-server-openid", issuer),
        interaction: cookieName("person-server-openid-sign-in", issuer),
        resume: cookieName("person-server-openid-resume", issuer),
      },
      // The library's session is never read: each request uses the person server's session.
      // hole T48: { signed: true, httpOnly: true, sameSite: "lax" }
      long: { signed: true, httpOnly: true, sameSite: "lax", path: NO_PATH },
      short: { signed: true, httpOnly: true, sameSite: "lax" },
    },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      resourceIndicators: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
    },
    findAccount: async (_ctx, id) => {
      const name = await nameOf(id);
      return name === undefined ? undefined : { accountId: id, claims: () => ({ sub: id, name }) };
    },
    interactions: { policy, url: (_ctx, interaction) => `${SIGN_IN_PATH}/${interaction.uid}` },
    jwks: { keys: keys.signingKeys as never },
    async loadExistingGrant(ctx) {
      const { client, session, provider } = ctx.oidc;
      if (client === undefined || session?.accountId === undefined) return undefined;
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope(SCOPES.join(" "));
      await grant.save();
      return grant;
    },
    // A resource's name for a person is the one in its tokens (draft -11, section 14.1).
    pairwiseIdentifier: (_ctx, person, { clientId }) => subjectOf(person, clientId), // hole T45
    pkce: { required: () => true },
    renderError(
      ctx: KoaContextWithOIDC,
      { error, error_description = "The request could not be processed." },
    ) {
      const message = { title: "Something went wrong", text: error_description, code: error };
      const page = messagePage(site, message);
      ctx.set({ ...page.headers });
      ctx.body = page.body;
    },
    responseTypes: ["code"],
    routes: OPENID_ROUTES,
    scopes: SCOPES,
    subjectTypes: ["pairwise"],
    ttl: {
      AccessToken: SHORT_SECONDS,
      AuthorizationCode: SHORT_SECONDS,
      Grant: SHORT_SECONDS,
      IdToken: 300,
      Interaction: SIGN_IN_SECONDS,
      Session: SHORT_SECONDS,
    },
  };
}
