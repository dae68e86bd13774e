/** Paths of the realm's OpenID endpoints, the same as in Keycloak. */
export interface OidcPaths {
  /** Path of the issuer: `/realms/aauth-test`. All other paths except `routes` start with it. */
  readonly base: string;
  /** Sign-in page, followed by `/` and the interaction's id. */
  readonly login: string;
  readonly consentLoginReturn: string;
  /** Paths below `base`, in the names of oidc-provider. */
  readonly routes: Readonly<Record<"authorization" | "token" | "jwks" | "end_session", string>>;
}

export function oidcPaths(issuer: string): OidcPaths {
  const base = new URL(issuer).pathname;
  return {
    base,
    login: `${base}/login-actions/authenticate`,
    consentLoginReturn: `${base}/protocol/aauth/agent/auth/signed-in`,
    routes: {
      authorization: "/protocol/openid-connect/auth",
      token: "/protocol/openid-connect/token",
      jwks: "/protocol/openid-connect/certs",
      end_session: "/protocol/openid-connect/logout",
    },
  };
}
