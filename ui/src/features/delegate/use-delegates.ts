import { apiRoutes } from "backend-api";
import { useCallback, useEffect, useReducer } from "react";
import { describeFailure } from "../../api/api-failure.ts";
import type { ApiClient } from "../../api/client.ts";
import { type DelegateAction, delegatesReducer } from "./delegates-reducer.ts";

const ROUTES = {
  run: apiRoutes.runDelegate,
  start: apiRoutes.startDelegate,
  end: apiRoutes.endDelegate,
} as const;

/** Reads the backend's delegates, again after a failure, and runs, ends and starts one. */
export function useDelegates(client: ApiClient) {
  const [state, dispatch] = useReducer(delegatesReducer, {});

  /** @returns whether there is a list now. */
  const read = useCallback(
    async (signal?: AbortSignal) => {
      try {
        const list = await client.call(apiRoutes.delegates, signal && { signal });
        dispatch({ type: "listed", list });
        return true;
      } catch (error) {
        if (!signal?.aborted) dispatch({ type: "failed", failure: describeFailure(error) });
        return false;
      }
    },
    [client],
  );
  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    void read(signal);
    // The demo may have stopped while the user was elsewhere, at its terminal for example.
    window.addEventListener("focus", () => void read(signal), { signal });
    return () => abort.abort();
  }, [read]);

  const readAgain = () => {
    dispatch({ type: "asked_again" });
    return read();
  };
  const act = async (sub: string, action: DelegateAction) => {
    dispatch({ type: "started", sub, action });
    try {
      dispatch({ type: "ended", delegate: await client.call(ROUTES[action], { params: { sub } }) });
    } catch (error) {
      // It may have changed all the same: ended here, and not elsewhere.
      if (action === "end") await read();
      dispatch({ type: "failed", failure: describeFailure(error), action });
    }
  };
  return { state, act, readAgain };
}
