import { useCallback, useEffect, useReducer } from "react";
import { consentReducer, isOnAuthServer } from "./consent-reducer.ts";
import { type PreservedState, preserveState } from "./consent-storage.ts";

/** The redirect to the consent page. Saves the user's input, then navigates. */
export function useConsent(options: { authServerUrl: string; store: Storage }) {
  const { authServerUrl, store } = options;
  const [state, dispatch] = useReducer(consentReducer, { phase: "asked" });

  // The Back button can restore this page from the cache in phase `leaving`.
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
