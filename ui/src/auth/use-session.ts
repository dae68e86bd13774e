import type { UserManager } from "oidc-client-ts";
import { useCallback, useEffect, useMemo, useState } from "react";
import { useAuth } from "react-oidc-context";
import { createAccessTokens } from "./access-tokens.ts";
import { type Session, sessionOf } from "./session.ts";

export interface SessionControl {
  session: Session;
  accessTokens: ReturnType<typeof createAccessTokens>;
  /** Reports that the backend no longer accepts this session. */
  reportLapsed(): void;
  signIn(): void;
  signOut(): void;
}

/** The user's session and its controls. */
export function useSession(userManager: UserManager): SessionControl {
  const auth = useAuth();
  const { user } = auth;
  const [lapsed, setLapsed] = useState(false);
  const accessTokens = useMemo(() => createAccessTokens(userManager), [userManager]);

  useEffect(() => {
    const onLoaded = () => setLapsed(false);
    const onExpired = async () => {
      if ((await accessTokens.renew()) === undefined) setLapsed(true);
    };
    userManager.events.addUserLoaded(onLoaded);
    userManager.events.addAccessTokenExpired(onExpired);
    return () => {
      userManager.events.removeUserLoaded(onLoaded);
      userManager.events.removeAccessTokenExpired(onExpired);
    };
  }, [userManager, accessTokens]);

  // After a reload, the stored session's token may have expired, for which no event is fired.
  useEffect(() => {
    if (!user?.expired || lapsed) return;
    void accessTokens.renew().then((token) => {
      if (token === undefined) setLapsed(true);
    });
  }, [user, lapsed, accessTokens]);

  // Removes the query of a failed callback, which would fail again after a reload.
  const isCallbackFailed = auth.error?.source === "signinCallback";
  useEffect(() => {
    if (isCallbackFailed) window.history.replaceState({}, "", window.location.pathname);
  }, [isCallbackFailed]);

  const reportLapsed = useCallback(() => setLapsed(true), []);
  const session = useMemo(
    () =>
      sessionOf({
        isLoading: auth.isLoading,
        user,
        lapsed,
        error: auth.error,
        authServerUrl: userManager.settings.authority,
      }),
    [auth.isLoading, auth.error, user, lapsed, userManager],
  );
  return {
    session,
    accessTokens,
    reportLapsed,
    // Preserves a link to a message across the sign-in.
    signIn: () => void auth.signinRedirect({ state: { hash: window.location.hash } }),
    signOut: () => void auth.signoutRedirect(),
  };
}
