import { UserManager, WebStorageStateStore } from "oidc-client-ts";
import type { RuntimeConfig } from "../config/runtime-config.ts";

/**
 * The OIDC client: code flow with PKCE, tokens in this tab's sessionStorage (where they survive a
 * visit to the consent page and end with the tab), and renewal by refresh token before the access
 * token expires.
 */
export function createUserManager(config: RuntimeConfig): UserManager {
  const page = `${window.location.origin}/`;
  return new UserManager({
    authority: config.authServerUrl,
    client_id: config.clientId,
    redirect_uri: page,
    post_logout_redirect_uri: page,
    response_type: "code",
    scope: "openid profile email",
    userStore: new WebStorageStateStore({ store: window.sessionStorage }),
    stateStore: new WebStorageStateStore({ store: window.sessionStorage }),
    automaticSilentRenew: true,
    accessTokenExpiringNotificationTimeInSeconds: 30,
  });
}
