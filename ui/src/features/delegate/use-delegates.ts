import { useCallback, useEffect, useReducer } from "react";
import { ApiFailure, describeFailure } from "../../api/api-failure.ts";
import type { ApiClient } from "../../api/client.ts";
import { listDelegates, runDelegate } from "../../api/delegate-calls.ts";
import { delegatesReducer } from "./delegates-reducer.ts";

/** Reads the backend's delegates, again after a failure, and runs one. */
export function useDelegates(options: { client: ApiClient; onSessionLapsed: () => void }) {
  const { client, onSessionLapsed } = options;
  const [state, dispatch] = useReducer(delegatesReducer, {});

  const fail = useCallback(
    (error: unknown) => {
      dispatch({ type: "failed", failure: describeFailure(error) });
      if (error instanceof ApiFailure && error.kind === "session_lapsed") onSessionLapsed();
    },
    [onSessionLapsed],
  );

  useEffect(() => {
    const abort = new AbortController();
    listDelegates(client, abort.signal).then(
      (list) => dispatch({ type: "listed", list }),
      (error: unknown) => {
        if (!abort.signal.aborted) fail(error);
      },
    );
    return () => abort.abort();
  }, [client, fail]);

  /** @returns whether there is a list now. */
  const readAgain = useCallback(async () => {
    dispatch({ type: "asked_again" });
    try {
      dispatch({ type: "listed", list: await listDelegates(client) });
      return true;
    } catch (error) {
      fail(error);
      return false;
    }
  }, [client, fail]);

  const run = useCallback(
    async (sub: string) => {
      dispatch({ type: "started", sub });
      try {
        dispatch({ type: "ended", delegate: await runDelegate(client, sub) });
      } catch (error) {
        fail(error);
      }
    },
    [client, fail],
  );
  return { state, run, readAgain };
}
