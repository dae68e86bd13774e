import { Button } from "@mantine/core";
import type { GrantedConsent } from "backend-api";
import { type ReactNode, useEffect, useRef } from "react";
import { FailurePanel } from "../../components/failure-panel.tsx";
import { useTitle } from "../../components/use-title.ts";
import { ActivityFeed } from "./activity-feed.tsx";
import { preloadResponse } from "./agent-response.tsx";
import { Denial } from "./denial.tsx";
import { promptExcess } from "./draft.ts";
import { belongsToOtherUser, isBusy, isDenied, type Run } from "./optimization-reducer.ts";
import { Report } from "./report.tsx";
import { RequestForm } from "./request-form.tsx";
import { RunHistory } from "./run-history.tsx";
import { RunStatus } from "./run-status.tsx";
import { failureTitle, isCutOff, isFromEarlier, runStep, runTitle, tabTitle } from "./run-wording.ts";
import { useCheckedStart } from "./use-checked-start.ts";
import { type OptimizationOptions, useOptimization } from "./use-optimization.ts";

interface OptimizationPageProps extends OptimizationOptions {
  /** Whether the session has lapsed, so that nothing can be started. */
  disabled: boolean;
  /** Outcome of an order that the user returns from, shown above the run. */
  returned: ReactNode;
  /** The stage before the first run. */
  emptyStage: ReactNode;
  /** Renders the stage of a run, with the first parts of the row below it. */
  renderStage: (requestId: string, parts: ReactNode) => ReactNode;
  /** Renders the consent notice while the run waits for the user. */
  renderConsent: (page: { url: string; party?: string | undefined }) => ReactNode;
  /** Renders the user's consent to the run. */
  renderGranted: (granted: {
    consent: GrantedConsent;
    requestId: string;
    /** Whether it was given before the run began. */
    isFromEarlier: boolean;
  }) => ReactNode;
  /** Parts of the last row, before the earlier runs. */
  children: ReactNode;
}

/** The workspace: the request, the stage of the run, and everything else below. */
export function OptimizationPage(props: OptimizationPageProps) {
  const { disabled, returned, emptyStage, renderStage, renderConsent, renderGranted, children } = props;
  const { state, dispatch, start, open, clearHistory } = useOptimization(props);
  const { draft, run, history } = state;
  const { checkedStart, problems } = useCheckedStart(draft.constraints, start);
  useTitle(tabTitle(run));
  const busy = isBusy(run);
  const hasRun = run !== undefined;
  useEffect(() => {
    if (hasRun) preloadResponse();
  }, [hasRun]);
  const askHeading = useRef<HTMLHeadingElement>(null);
  const statusHeading = useRef<HTMLHeadingElement>(null);
  // After the return from a decision page no element would have the focus.
  const isBack = useRef(props.start.runId !== undefined || props.start.failure !== undefined);
  useEffect(() => {
    if (!hasRun || !isBack.current) return;
    isBack.current = false;
    statusHeading.current?.focus({ preventScroll: true });
  }, [hasRun]);
  const openRun = (requestId: string, prompt?: string) => {
    open(requestId, prompt);
    // Moves the focus up from the list of runs.
    requestAnimationFrame(() => statusHeading.current?.focus());
  };
  const startAgain = (prompt: string) => {
    // The pressed button disappears together with the outcome that contains it.
    if (checkedStart(prompt)) statusHeading.current?.focus({ preventScroll: true });
  };
  const clear = async () => {
    // The list disappears.
    if (await clearHistory()) askHeading.current?.focus();
  };
  const consent = run?.progress?.consent;
  const parts = run && (
    <>
      {consent &&
        renderGranted({
          consent,
          requestId: run.progress!.request_id,
          isFromEarlier: isFromEarlier(consent, run.progress!.started_at),
        })}
      <Report run={run} />
    </>
  );
  const stageId = run && !belongsToOtherUser(run) ? run.requestId : undefined;

  return (
    <div className="column">
      <RequestForm
        draft={draft}
        problems={problems}
        dispatch={dispatch}
        busyWith={busy ? (run?.prompt ?? "") : undefined}
        disabled={disabled}
        headingRef={askHeading}
        onStart={checkedStart}
      />
      {returned}
      <div className="spoken" role="status">
        {run && [runTitle(run), runStep(run)].filter(Boolean).join(": ")}
      </div>
      {run && (
        <RunStatus run={run} headingRef={statusHeading}>
          <ActivityFeed activities={run.progress?.activities ?? []} isStarting={run.phase === "starting"} />
        </RunStatus>
      )}
      {run?.phase === "awaiting_consent" &&
        run.consentUrl &&
        renderConsent({ url: run.consentUrl, party: run.consentParty })}
      {run?.failure && (
        <RunOutcome
          run={run}
          draftPrompt={draft.prompt}
          disabled={disabled}
          onCheck={openRun}
          onStart={startAgain}
        />
      )}
      {!run && emptyStage}
      {stageId === undefined ? <div className="parts">{parts}</div> : renderStage(stageId, parts)}
      <div className="parts">
        {children}
        <RunHistory
          history={history}
          openId={run?.requestId}
          disabled={disabled || busy}
          clearFailure={state.clearFailure}
          onOpen={openRun}
          onClear={clear}
        />
      </div>
    </div>
  );
}

interface RunOutcomeProps {
  run: Run;
  draftPrompt: string;
  disabled: boolean;
  onCheck: (requestId: string, prompt?: string) => void;
  onStart: (prompt: string) => void;
}

/** Outcome of a run that did not complete, with a button to try again. */
function RunOutcome({ run, draftPrompt, disabled, onCheck, onStart }: RunOutcomeProps) {
  const { failure, requestId } = run;
  if (failure === undefined) return null;
  const prompt = run.prompt ?? draftPrompt;
  const again = !belongsToOtherUser(run) && (
    <Button
      {...(isDenied(run) ? { variant: "default" } : { color: "red.9" })}
      disabled={disabled || prompt.trim() === "" || promptExcess(prompt) > 0}
      onClick={() => onStart(prompt)}
    >
      {run.prompt === undefined ? "Start with the prompt above" : "Try again"}
    </Button>
  );
  if (isDenied(run)) return <Denial failure={failure}>{again}</Denial>;
  return (
    <FailurePanel title={failureTitle(run)} failure={failure}>
      {isCutOff(run) && requestId !== undefined ? (
        <Button color="red.9" disabled={disabled} onClick={() => onCheck(requestId, run.prompt)}>
          Check again
        </Button>
      ) : (
        again
      )}
    </FailurePanel>
  );
}
