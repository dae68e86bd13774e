import { SPAN } from "aauth-explain/trace-names";
import { apiRoutes, type Failure } from "backend-api";
import { useCallback, useEffect, useMemo, useReducer, useRef } from "react";
import type { ApiClient } from "../../api/client.ts";
import { defaultDraft } from "./draft.ts";
import { type OptimizationState, optimizationReducer, type Run } from "./optimization-reducer.ts";
import type { PageMemory } from "./page-memory.ts";
import { createRunCalls } from "./run-calls.ts";
import { startRequest } from "./start-request.ts";

/** Initial state of the page, after a reload or a return from the consent page. */
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
  // A consent's outcome may belong to another run.
  const prompt = [undefined, remembered?.requestId].includes(start.runId) ? remembered?.prompt : undefined;
  const run: Run = {
    phase: "running",
    ...(requestId === undefined ? {} : { requestId }),
    ...(prompt === undefined ? {} : { prompt }),
    ...(start.failure ? { phase: "failed", failure: start.failure } : {}),
  };
  return { draft, run: requestId !== undefined || start.failure ? run : undefined, history: [] };
}

/** State and actions of the optimization feature. */
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

  const calls = useMemo(() => createRunCalls(client, dispatch), [client]);
  /** New work, or leaving the page, aborts the previous work. */
  const begin = useCallback(
    (work: (signal: AbortSignal) => Promise<unknown>) => {
      active.current?.abort();
      active.current = new AbortController();
      void calls.attempt(work, active.current.signal);
    },
    [calls],
  );

  const start = (prompt: string) => {
    dispatch({ type: "run_started", prompt });
    begin(async (signal) => {
      const body = startRequest(prompt, draft.constraints);
      const reply = await client.call(apiRoutes.start, { body, signal, traceAs: SPAN.click });
      if ("failure" in reply) {
        dispatch({ type: "run_failed", failure: reply.failure, requestId: reply.request_id });
        return calls.readProgress(reply.request_id, signal);
      }
      if ("consent_required" in reply) {
        const { request_id: requestId, consent_url: url, consent_party: party } = reply;
        dispatch({ type: "consent_required", requestId, consentUrl: url, consentParty: party });
        // The browser leaves before any effect runs.
        memory.keepOpenRun({ requestId, prompt });
        return onConsentRequired({ url, party });
      }
      dispatch({ type: "run_accepted", requestId: reply.request_id });
      await calls.follow(reply.request_id, signal);
    });
  };

  const open = useCallback(
    (requestId: string, prompt?: string) => {
      dispatch({ type: "run_opened", requestId, ...(prompt === undefined ? {} : { prompt }) });
      begin((signal) => calls.follow(requestId, signal));
    },
    [begin, calls],
  );

  const opened = useRef(run);
  useEffect(() => {
    begin((signal) => calls.resume(opened.current ?? {}, signal));
    return () => active.current?.abort();
  }, [begin, calls]);

  return { state, dispatch, start, open, clearHistory: calls.clear };
}
