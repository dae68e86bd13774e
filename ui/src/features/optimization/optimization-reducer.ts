import type { Activity, Failure, Progress, Results } from "backend-api";
import type { ConstraintRow, Draft } from "./draft.ts";

/** The displayed run. `starting` lasts until the backend reports whether the agent accepted it. */
export interface Run {
  phase: "starting" | "running" | "awaiting_consent" | "completed" | "failed";
  requestId?: string;
  /** Absent until the page or the backend provides it. */
  prompt?: string;
  consentUrl?: string;
  /** The party whose page it is, unless it is the auth server's. */
  consentParty?: string | undefined;
  progress?: Progress;
  results?: Results;
  failure?: Failure;
}

export interface OptimizationState {
  draft: Draft;
  run: Run | undefined;
  /** The user's own runs, newest first. */
  history: Progress[];
  /** Reason why the history could not be cleared. */
  clearFailure?: Failure;
}

export type OptimizationAction =
  | { type: "prompt_changed"; prompt: string }
  | { type: "agents_picked"; agents: Draft["agents"] }
  | { type: "constraint_added" }
  | { type: "constraint_changed"; id: number; change: Partial<Omit<ConstraintRow, "id">> }
  | { type: "constraint_removed"; id: number }
  | { type: "run_started"; prompt: string }
  | { type: "run_accepted"; requestId: string }
  | { type: "consent_required"; requestId: string; consentUrl: string; consentParty?: string | undefined }
  | { type: "run_opened"; requestId: string; prompt?: string }
  | { type: "run_closed" }
  | { type: "progress_received"; progress: Progress }
  | { type: "results_received"; results: Results }
  | { type: "run_failed"; failure: Failure; requestId?: string }
  | { type: "history_received"; history: Progress[] }
  | { type: "history_cleared" }
  | { type: "clear_failed"; failure: Failure };

export function optimizationReducer(state: OptimizationState, action: OptimizationAction): OptimizationState {
  const { draft, run } = state;
  switch (action.type) {
    case "prompt_changed":
      return { ...state, draft: { ...draft, prompt: action.prompt } };
    case "agents_picked":
      return { ...state, draft: { ...draft, agents: action.agents } };
    case "constraint_added": {
      const id = Math.max(0, ...draft.constraints.map((row) => row.id)) + 1;
      return withConstraints(state, [...draft.constraints, { id, name: "", value: "" }]);
    }
    case "constraint_changed":
      return withConstraints(
        state,
        draft.constraints.map((row) => (row.id === action.id ? { ...row, ...action.change } : row)),
      );
    case "constraint_removed":
      return withConstraints(
        state,
        draft.constraints.filter((row) => row.id !== action.id),
      );
    case "run_started":
      return { ...state, run: { phase: "starting", prompt: action.prompt } };
    case "run_accepted":
      return { ...state, run: { ...run, phase: "running", requestId: action.requestId } };
    case "consent_required":
      return {
        ...state,
        run: {
          ...run,
          phase: "awaiting_consent",
          requestId: action.requestId,
          consentUrl: action.consentUrl,
          consentParty: action.consentParty,
        },
      };
    case "run_opened":
      return {
        ...state,
        run: {
          phase: "running",
          requestId: action.requestId,
          ...(action.prompt === undefined ? {} : { prompt: action.prompt }),
        },
      };
    case "run_closed":
      return { ...state, run: undefined };
    case "progress_received":
      return run && run.requestId === action.progress.request_id
        ? { ...state, run: withProgress(run, action.progress) }
        : state;
    case "results_received":
      return run && run.requestId === action.results.request_id
        ? { ...state, run: { ...run, results: action.results } }
        : state;
    case "run_failed":
      return {
        ...state,
        run: {
          ...run,
          phase: "failed",
          failure: action.failure,
          ...(action.requestId === undefined ? {} : { requestId: action.requestId }),
        },
      };
    case "history_received":
      return { draft, run, history: action.history };
    case "history_cleared":
      return { draft, run: undefined, history: [] };
    case "clear_failed":
      return { ...state, clearFailure: action.failure };
  }
}

function withConstraints(state: OptimizationState, constraints: ConstraintRow[]): OptimizationState {
  return { ...state, draft: { ...state.draft, constraints } };
}

function withProgress(run: Run, progress: Progress): Run {
  const prompt = run.prompt ?? (progress.prompt || undefined);
  const withPrompt = prompt === undefined ? run : { ...run, prompt };
  // A failure observed by the page, such as a refused consent or a broken connection, is more
  // precise than the backend's summary.
  if (run.failure) return { ...withPrompt, progress };
  const { consentUrl: _answered, consentParty: _party, ...rest } = withPrompt;
  const { status, consent_url: consentUrl, consent_party: consentParty, current_step: message } = progress;
  return {
    ...rest,
    phase: status === "pending" ? "running" : status,
    progress,
    ...(status === "failed" ? { failure: progress.failure ?? { message } } : {}),
    ...(status === "awaiting_consent" && consentUrl ? { consentUrl, consentParty } : {}),
  };
}

/** The activity with the agents' report, if available. */
export function reportOf(run: Run): Activity | undefined {
  const activities = run.progress?.activities ?? [];
  // A run that failed only at its second hop has a report.
  const isReport = ({ status, details }: Activity) =>
    status === "completed" || (status === "failed" && details !== run.progress?.failure?.message);
  return activities.find((activity) => activity.action === "supply_chain_optimization" && isReport(activity));
}

/**
 * Whether the consent was given by a user other than the one who started the run. The backend does
 * not show them the run.
 */
export function belongsToOtherUser({ failure, progress }: Run): boolean {
  return failure?.code === "wrong_user" && progress === undefined;
}

/** Whether a person has refused on a consent page. */
export function isDenied({ failure }: { failure?: Failure | undefined }): boolean {
  return failure?.check === "consent" && (failure.code === "access_denied" || failure.code === "denied");
}

export function isBusy(run: Run | undefined): boolean {
  return run?.phase === "starting" || run?.phase === "running";
}
