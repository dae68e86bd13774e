import { apiRoutes } from "backend-api";
import { useReducer } from "react";
import { describeFailure } from "../../api/api-failure.ts";
import type { ApiClient } from "../../api/client.ts";
import { revocationReducer } from "./revocation-reducer.ts";

/** Revokes consent. */
export function useRevocation(client: ApiClient) {
  const [state, dispatch] = useReducer(revocationReducer, { phase: "idle" });

  /** Revokes everything the user has consented to. `requestId` is the run whose panel has the button. */
  const revoke = async (requestId: string) => {
    dispatch({ type: "started", requestId });
    try {
      await client.call(apiRoutes.revokeConsent);
      dispatch({ type: "succeeded", at: new Date().toISOString() });
    } catch (error) {
      dispatch({ type: "failed", failure: describeFailure(error) });
    }
  };
  return { state, revoke };
}
