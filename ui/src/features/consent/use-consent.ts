import { useCallback, useEffect, useReducer } from "react";
import { consentReducer, isOnAuthServer } from "./consent-reducer.ts";
import { type PreservedState, preserveState } from "./consent-storage.ts";

/** The trip to the consent page: what was typed is kept, then the browser leaves. */
export function useConsent(options: { authServerUrl: string; store: Storage }) {
  const { authServerUrl, store } = options;
  const [state, dispatch] = useReducer(consentReducer, { phase: "asked" });

  // The browser's Back button can bring this very page back from its cache, still saying that it is leaving.
  useEffect(() => {
    const onShow = (event: PageTransitionEvent) => {
      if (event.persisted) dispatch({ type: "came_back" });
    };
    window.addEventListener("pageshow", onShow);
    return () => window.removeEventListener("pageshow", onShow);
  }, []);

  const leave = useCallback(
    (consentUrl: string, preserved: PreservedState) => {
      dispatch({ type: "left_for_consent", consentUrl, authServerUrl });
      if (!isOnAuthServer(consentUrl, authServerUrl)) return;
      preserveState(store, preserved);
      window.location.assign(consentUrl);
    },
    [authServerUrl, store],
  );
  return { state, leave };
}
