import { Button, VisuallyHidden } from "@mantine/core";
import type { GrantedConsent } from "backend-api";
import { type ReactNode, useEffect, useRef } from "react";
import { isFinal } from "../../api/watch-run.ts";
import { FailurePanel } from "../../components/failure-panel.tsx";
import { ActivityFeed } from "./activity-feed.tsx";
import { AgentResponse } from "./agent-response.tsx";
import type { Draft } from "./draft.ts";
import styles from "./optimization-page.module.css";
import { isBusy, type Run, shownActivity } from "./optimization-reducer.ts";
import { OptimizationResults } from "./optimization-results.tsx";
import { RequestForm } from "./request-form.tsx";
import { RunHistory } from "./run-history.tsx";
import { RunStatus } from "./run-status.tsx";
import { isFromEarlier, runStep, runTitle } from "./run-wording.ts";
import { type OptimizationOptions, useOptimization } from "./use-optimization.ts";

interface OptimizationPageProps extends OptimizationOptions {
  /** Nothing can be started: the session has lapsed. */
  disabled: boolean;
  /** What to show while the run waits for the user's consent. */
  renderConsent: (needed: {
    requestId: string;
    consentUrl: string;
    prompt: string;
    draft: Draft;
  }) => ReactNode;
  /** What to show of a consent that the user has given to the run. */
  renderGranted: (granted: {
    consent: GrantedConsent;
    requestId: string;
    /** It was given before the run began. */
    isFromEarlier: boolean;
  }) => ReactNode;
}

/** The workspace: what to ask for on one side, what the agents do about it on the other. */
export function OptimizationPage({
  disabled,
  renderConsent,
  renderGranted,
  ...options
}: OptimizationPageProps) {
  const { state, dispatch, start, open, clearHistory } = useOptimization(options);
  const { draft, run, history } = state;
  const busy = isBusy(run);
  const shown = run && shownActivity(run);
  const { statusHeading, failureHeading, responseHeading } = useRunFocus(
    run,
    shown !== undefined,
    options.start.runId !== undefined,
  );
  const retryPrompt = run?.prompt ?? draft.prompt;

  return (
    <div className={styles.page}>
      <div className={styles.ask}>
        <RequestForm
          draft={draft}
          dispatch={dispatch}
          busyWith={busy ? (run?.prompt ?? draft.prompt) : undefined}
          disabled={disabled}
          onStart={start}
        />
        <RunHistory
          history={history}
          openId={run?.requestId}
          disabled={disabled || busy}
          onOpen={open}
          onClear={() => void clearHistory()}
        />
      </div>
      <div className={styles.answer}>
        <VisuallyHidden role="status">
          {run && [runTitle(run), runStep(run)].filter(Boolean).join(": ")}
        </VisuallyHidden>
        {run && <RunStatus run={run} headingRef={statusHeading} />}
        {run?.phase === "awaiting_consent" &&
          run.requestId &&
          run.consentUrl &&
          renderConsent({ requestId: run.requestId, consentUrl: run.consentUrl, prompt: retryPrompt, draft })}
        {run?.progress?.consent &&
          renderGranted({
            consent: run.progress.consent,
            requestId: run.progress.request_id,
            isFromEarlier: isFromEarlier(run.progress.consent, run.progress.started_at),
          })}
        {run?.failure && (
          <FailurePanel title="The run did not complete" failure={run.failure} headingRef={failureHeading}>
            {run.requestId && isCutOff(run) ? (
              <Button
                color="red.9"
                disabled={disabled}
                onClick={() => open(run.requestId as string, run.prompt)}
              >
                Check again
              </Button>
            ) : (
              <Button
                color="red.9"
                disabled={disabled || retryPrompt.trim() === ""}
                onClick={() => start(retryPrompt)}
              >
                Try again
              </Button>
            )}
          </FailurePanel>
        )}
        <ActivityFeed
          activities={run?.progress?.activities ?? []}
          hasRun={run !== undefined}
          shownId={shown?.id}
          onPick={(id) => dispatch({ type: "activity_picked", id })}
        />
        {shown && <AgentResponse activity={shown} headingRef={responseHeading} />}
        {run?.results && <OptimizationResults results={run.results} />}
      </div>
    </div>
  );
}

/** The page lost sight of a run that may well go on in the backend. */
function isCutOff(run: Run): boolean {
  const isLost = run.failure?.code === "unreachable" || run.failure?.code === "unreadable";
  return isLost && !(run.progress && isFinal(run.progress));
}

/**
 * Moves the focus along with a run: to its progress at the start (the button just pressed is now disabled), to its
 * outcome at the end, also when the person returns from the consent page. A run opened otherwise takes no focus.
 */
function useRunFocus(run: Run | undefined, hasResponse: boolean, isReturn: boolean) {
  const statusHeading = useRef<HTMLHeadingElement>(null);
  const failureHeading = useRef<HTMLHeadingElement>(null);
  const responseHeading = useRef<HTMLHeadingElement>(null);
  const wasStarted = useRef(isReturn);
  const phase = run?.phase;
  useEffect(() => {
    if (phase === "starting") {
      wasStarted.current = true;
      statusHeading.current?.focus();
    }
    if (!wasStarted.current) return;
    if (phase === "failed") failureHeading.current?.focus();
    else if (phase === "completed" && hasResponse) responseHeading.current?.focus();
    else return;
    wasStarted.current = false;
  }, [phase, hasResponse]);
  return { statusHeading, failureHeading, responseHeading };
}
