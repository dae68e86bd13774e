import type { UserManager } from "oidc-client-ts";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useAuth } from "react-oidc-context";
import { createAccessTokens } from "./access-tokens.ts";
import { type Session, sessionOf } from "./session.ts";
import { isSignedOutOfAll, noteSignIn, noteSignOutOfAll } from "./signed-out.ts";
import { createTabs } from "./tabs.ts";
import { userName } from "./user-name.ts";

export interface SessionControl {
  session: Session;
  /** Name of the user of another tab, while this one has none. */
  otherTabsUser: string | undefined;
  accessTokens: ReturnType<typeof createAccessTokens>;
  /** Reports that the backend no longer accepts this session. */
  reportLapsed(): void;
  signIn(): void;
  signOut(): void;
}

/**
 * The user's session and its controls. A sign-out in one tab ends the sessions of all.
 *
 * @param forget removes what this tab keeps for its user
 */
export function useSession(userManager: UserManager, forget: () => void): SessionControl {
  const auth = useAuth();
  const { user: stored } = auth;
  // A tab that was away, or renewed its token, has missed a sign-out.
  const user = useMemo(
    () => (stored && isSignedOutOfAll(window.sessionStorage, window.localStorage) ? undefined : stored),
    [stored],
  );
  useEffect(() => {
    if (!stored || user) return;
    forget();
    void userManager.removeUser();
  }, [stored, user, userManager, forget]);
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

  const [otherTabsUser, setOtherTabsUser] = useState<string | undefined>(undefined);
  const tabs = useRef<ReturnType<typeof createTabs> | undefined>(undefined);
  const name = user ? userName(user) : undefined;
  useEffect(() => {
    if (auth.isLoading) return;
    const joined = createTabs(name, {
      signedOut() {
        setOtherTabsUser(undefined);
        forget();
        void userManager.removeUser();
      },
      user: setOtherTabsUser,
    });
    tabs.current = joined;
    return () => joined.close();
  }, [auth.isLoading, name, userManager, forget]);

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
    otherTabsUser: user ? undefined : otherTabsUser,
    accessTokens,
    reportLapsed,
    // Preserves a link to a message across the sign-in.
    signIn() {
      noteSignIn(window.sessionStorage);
      void auth.signinRedirect({ state: { hash: window.location.hash, former: user?.profile.sub } });
    },
    signOut() {
      forget();
      noteSignOutOfAll(window.localStorage);
      tabs.current?.signOut();
      void auth.signoutRedirect();
    },
  };
}
