import { errors } from "issuer-kit/openid";
import type { Provider, ResourceServer } from "oidc-provider";
import { type Accounts, accountClaims } from "../realm/accounts.ts";
import type { Realm, RealmUser } from "../realm/realm.ts";
import { accountResource, accountResourceServer, OIDC_SCOPES } from "./oidc-configuration.ts";

/**
 * Direct grant (`grant_type=password`), with which scripts obtain a user's tokens without a
 * browser. Only for clients with `directAccessGrantsEnabled`; the library refuses others before
 * this runs. The tokens are not tied to a browser session.
 */
export function registerPasswordGrant(
  provider: Provider,
  options: { accounts: Accounts; realm: Realm; issuer: string },
): void {
  const { accounts, realm, issuer } = options;
  const resource = accountResource(issuer);

  provider.registerGrantType<{ username?: string; password?: string; scope?: string }>(
    "password",
    async (ctx) => {
      const { client, params } = ctx.oidc;
      const { username, password } = params;
      if (!username || !password) throw new errors.InvalidRequest("missing username or password");
      const origin = { clientId: client.clientId, address: ctx.ip };
      const user = await accounts.authenticate(username, password, origin);
      // Same wording as Keycloak.
      if (user === undefined)
        throw new errors.CustomOIDCProviderError("invalid_grant", "Invalid user credentials");

      const requested = new Set(params.scope?.split(" "));
      // Keycloak always grants a client's default scopes, but issues an ID token only for `openid`.
      const scope = OIDC_SCOPES.filter((name) => name !== "openid" || requested.has(name)).join(" ");
      const grant = new provider.Grant({ clientId: client.clientId, accountId: user.id });
      grant.addOIDCScope(scope);
      grant.addResourceScope(resource, scope);
      const grantId = await grant.save();

      const source = { accountId: user.id, client, grantId, gty: "password", scope };
      const accessToken = new provider.AccessToken(source as never);
      accessToken.resourceServer = new provider.ResourceServer(
        resource,
        accountResourceServer(realm) as ResourceServer,
      );
      const refreshToken = new provider.RefreshToken({ ...source, resource, rotations: 0 } as never);
      const idToken = requested.has("openid") ? idTokenFor(user) : undefined;
      ctx.body = {
        access_token: await accessToken.save(),
        expires_in: accessToken.expiration,
        refresh_token: await refreshToken.save(),
        ...(idToken && { id_token: await idToken.issue({ use: "idtoken" }) }),
        scope,
        token_type: "Bearer",
      };

      function idTokenFor(user: RealmUser): InstanceType<Provider["IdToken"]> {
        const token = new provider.IdToken({}, { ctx });
        for (const [name, value] of Object.entries(accountClaims(user))) token.set(name, value);
        return token;
      }
    },
    ["username", "password", "scope"],
  );
}
