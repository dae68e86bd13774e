import { useCallback, useReducer } from "react";
import { useRestored } from "../../components/use-restored.ts";
import { consentReducer, isOnAuthServer } from "./consent-reducer.ts";
import { type PreservedState, preserveState } from "./consent-storage.ts";

/** The redirect to the consent page. Saves the user's input, then navigates. */
export function useConsent(options: { authServerUrl: string; store: Storage }) {
  const { authServerUrl, store } = options;
  const [state, dispatch] = useReducer(consentReducer, { phase: "asked" });

  useRestored(useCallback(() => dispatch({ type: "came_back" }), []));

  const leave = (consentUrl: string, preserved: PreservedState) => {
    dispatch({ type: "left_for_consent", consentUrl, authServerUrl });
    if (!isOnAuthServer(consentUrl, authServerUrl)) return;
    preserveState(store, preserved);
    window.location.assign(consentUrl);
  };
  return { state, leave };
}
