import { ErrorResponse, type UserManager } from "oidc-client-ts";

type Renewer = Pick<UserManager, "getUser" | "signinSilent">;

/**
 * Access tokens for the API client. Only one renewal is in flight at a time, because a refresh
 * token may be single-use, and a second use can end the whole session.
 */
export function createAccessTokens(userManager: Renewer): {
  current(): Promise<string | undefined>;
  renew(): Promise<string | undefined>;
} {
  let renewing: Promise<string | undefined> | undefined;
  /** Refresh token that the auth server has refused. */
  let refused: string | undefined;

  async function renew(): Promise<string | undefined> {
    let refreshToken: string | undefined;
    try {
      // Without a refresh token the library would try a hidden frame, which this page's content
      // security policy forbids.
      refreshToken = (await userManager.getUser())?.refresh_token;
      if (!refreshToken || refreshToken === refused) return undefined;
      return (await userManager.signinSilent())?.access_token;
    } catch (error) {
      if (error instanceof ErrorResponse && error.error === "invalid_grant") refused = refreshToken;
      return undefined;
    }
  }

  return {
    async current() {
      const user = await userManager.getUser();
      return user && !user.expired ? user.access_token : undefined;
    },
    renew() {
      renewing ??= renew().finally(() => {
        renewing = undefined;
      });
      return renewing;
    },
  };
}
