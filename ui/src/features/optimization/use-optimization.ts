import { apiRoutes, type Failure } from "backend-api";
import { SPAN } from "protocol-trace/names";
import { useCallback, useEffect, useReducer, useRef } from "react";
import { ApiFailure, describeFailure } from "../../api/api-failure.ts";
import type { ApiClient } from "../../api/client.ts";
import { watchRun } from "../../api/watch-run.ts";
import { defaultDraft } from "./draft.ts";
import { type OptimizationState, optimizationReducer, type Run } from "./optimization-reducer.ts";
import type { PageMemory } from "./page-memory.ts";
import { startRequest } from "./start-request.ts";

/** What the page opens with, after a reload or on return from the consent page. */
export interface OptimizationStart {
  runId?: string;
  failure?: Failure;
}

export interface OptimizationOptions {
  client: ApiClient;
  memory: PageMemory;
  start: OptimizationStart;
  onConsentRequired: (page: { url: string; party?: string | undefined }) => void;
}

function initialState({ start, memory }: OptimizationOptions): OptimizationState {
  const draft = memory.draft() ?? defaultDraft;
  const remembered = memory.openRun();
  const requestId = start.runId ?? (start.failure ? undefined : remembered?.requestId);
  // The outcome of a consent may be that of another run.
  const prompt = [undefined, remembered?.requestId].includes(start.runId) ? remembered?.prompt : undefined;
  const run: Run = {
    phase: "running",
    ...(requestId === undefined ? {} : { requestId }),
    ...(prompt === undefined ? {} : { prompt }),
    ...(start.failure ? { phase: "failed", failure: start.failure } : {}),
  };
  return { draft, run: requestId !== undefined || start.failure ? run : undefined, history: [] };
}

/** The optimization feature's state and everything that can be done with it. */
export function useOptimization(options: OptimizationOptions) {
  const { client, memory, onConsentRequired } = options;
  const [state, dispatch] = useReducer(optimizationReducer, options, initialState);
  const active = useRef<AbortController | undefined>(undefined);
  const { draft, run } = state;

  useEffect(() => memory.keepDraft(draft), [memory, draft]);
  const { requestId: openId, prompt: openPrompt } = run ?? {};
  useEffect(() => {
    memory.keepOpenRun(openId === undefined ? undefined : { requestId: openId, prompt: openPrompt });
  }, [memory, openId, openPrompt]);

  /** The current list; undefined if it could not be read. */
  const refreshHistory = useCallback(
    async (signal: AbortSignal) => {
      try {
        const history = await client.call(apiRoutes.runs, { signal });
        dispatch({ type: "history_received", history });
        return history;
      } catch {
        return undefined; // the list is optional
      }
    },
    [client],
  );

  /**
   * Runs one piece of work and lists the runs after it, unless that is all it has done (`listed`). A new piece, or leaving the page, ends the
   * one before.
   */
  const begin = useCallback(
    (work: (signal: AbortSignal) => Promise<unknown>) => {
      active.current?.abort();
      const controller = new AbortController();
      active.current = controller;
      const { signal } = controller;
      const guarded = async () => {
        try {
          if ((await work(signal)) === "listed") return;
        } catch (error) {
          if (signal.aborted) return;
          dispatch({ type: "run_failed", failure: describeFailure(error) });
          if (error instanceof ApiFailure && error.kind === "session_lapsed") return;
        }
        await refreshHistory(signal);
      };
      void guarded();
    },
    [refreshHistory],
  );

  const readProgress = useCallback(
    async (id: string, signal: AbortSignal) => {
      const progress = await client.call(apiRoutes.progress, { params: { id }, signal });
      dispatch({ type: "progress_received", progress });
    },
    [client],
  );
  const follow = useCallback(
    async (id: string, signal: AbortSignal) => {
      for await (const progress of watchRun(client, id, { signal })) {
        dispatch({ type: "progress_received", progress });
        if (progress.status !== "completed") continue;
        const results = await client.call(apiRoutes.results, { params: { id }, signal });
        dispatch({ type: "results_received", results });
      }
    },
    [client],
  );

  const start = (prompt: string) => {
    dispatch({ type: "run_started", prompt });
    begin(async (signal) => {
      const body = startRequest(prompt, draft.constraints);
      const reply = await client.call(apiRoutes.start, { body, signal, traceAs: SPAN.click });
      if ("failure" in reply) {
        dispatch({ type: "run_failed", failure: reply.failure, requestId: reply.request_id });
        return readProgress(reply.request_id, signal);
      }
      if ("consent_required" in reply) {
        const { request_id: requestId, consent_url: url, consent_party: party } = reply;
        dispatch({ type: "consent_required", requestId, consentUrl: url, consentParty: party });
        // The browser leaves before any effect runs.
        memory.keepOpenRun({ requestId, prompt });
        return onConsentRequired({ url, party });
      }
      dispatch({ type: "run_accepted", requestId: reply.request_id });
      await follow(reply.request_id, signal);
    });
  };

  const open = useCallback(
    (requestId: string, prompt?: string) => {
      dispatch({ type: "run_opened", requestId, ...(prompt === undefined ? {} : { prompt }) });
      begin((signal) => follow(requestId, signal));
    },
    [begin, follow],
  );

  // Once: resume the run that the page opened with, else one in progress, and list the earlier ones.
  const opened = useRef(run);
  useEffect(() => {
    const { requestId, failure } = opened.current ?? {};
    begin(async (signal) => {
      if (requestId === undefined) {
        // One that was begun right before the page was loaded: here, before it had an id, or in another tab.
        const [latest] = (await refreshHistory(signal)) ?? [];
        const isUnderWay = latest?.status === "pending" || latest?.status === "running";
        if (failure || !isUnderWay || signal.aborted) return "listed";
        dispatch({ type: "run_opened", requestId: latest.request_id });
        return await follow(latest.request_id, signal);
      }
      try {
        if (!failure) return await follow(requestId, signal);
        await readProgress(requestId, signal);
      } catch (error) {
        // The backend may have dropped a remembered run. That is not an error.
        if (!(error instanceof ApiFailure && error.status === 404)) throw error;
        if (!failure) dispatch({ type: "run_closed" });
      }
    });
    return () => active.current?.abort();
  }, [begin, follow, readProgress, refreshHistory]);

  /** Resolves to whether it is cleared. */
  const clearHistory = async () => {
    try {
      await client.call(apiRoutes.clearRuns);
      dispatch({ type: "history_cleared" });
      return true;
    } catch (error) {
      dispatch({ type: "clear_failed", failure: describeFailure(error) });
      return false;
    }
  };

  return { state, dispatch, start, open, clearHistory };
}
