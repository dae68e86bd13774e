import { Button } from "@mantine/core";
import type { GrantedConsent } from "backend-api";
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { FailurePanel } from "../../components/failure-panel.tsx";
import { useTitle } from "../../components/use-title.ts";
import { ActivityFeed } from "./activity-feed.tsx";
import { AgentResponse, preloadResponse } from "./agent-response.tsx";
import { promptExcess } from "./draft.ts";
import styles from "./optimization-page.module.css";
import { belongsToOtherUser, isBusy, type Run, shownActivity } from "./optimization-reducer.ts";
import { OptimizationResults } from "./optimization-results.tsx";
import { RequestForm } from "./request-form.tsx";
import { RunHistory } from "./run-history.tsx";
import { RunStatus } from "./run-status.tsx";
import { failureTitle, isCutOff, isFromEarlier, runStep, runTitle, tabTitle } from "./run-wording.ts";
import { useCheckedStart } from "./use-checked-start.ts";
import { type OptimizationOptions, useOptimization } from "./use-optimization.ts";

interface OptimizationPageProps extends OptimizationOptions {
  /** The protocol that the demo speaks. */
  profile: Parameters<typeof ActivityFeed>[0]["profile"];
  /** Nothing can be started: the session has lapsed. */
  disabled: boolean;
  /** What to show while the run waits for the user's consent. */
  renderConsent: (page: { url: string; party?: string | undefined }) => ReactNode;
  /** What to show of a consent that the user has given to the run. */
  renderGranted: (granted: {
    consent: GrantedConsent;
    requestId: string;
    /** It was given before the run began. */
    isFromEarlier: boolean;
  }) => ReactNode;
}

/** The workspace: the request form on one side, the run on the other. */
export function OptimizationPage({
  profile,
  disabled,
  renderConsent,
  renderGranted,
  ...options
}: OptimizationPageProps) {
  const { state, dispatch, start, open, clearHistory } = useOptimization(options);
  const { draft, run, history } = state;
  const { checkedStart, problems } = useCheckedStart(draft.constraints, start);
  useTitle(tabTitle(run));
  const busy = isBusy(run);
  const shown = run && shownActivity(run);
  const hasRun = run !== undefined;
  useEffect(() => {
    if (hasRun) preloadResponse();
  }, [hasRun]);
  const askHeading = useRef<HTMLHeadingElement>(null);
  const { statusHeading, failureHeading, responseHeading, onResponseShown, onOpened } = useRunFocus(
    run,
    shown !== undefined,
    options.start.runId !== undefined,
  );
  const openRun = (requestId: string, prompt?: string) => {
    open(requestId, prompt);
    onOpened();
  };
  const clear = async () => {
    // Nothing is left of the list then.
    if (await clearHistory()) askHeading.current?.focus();
  };
  const retryPrompt = run?.prompt ?? draft.prompt;

  return (
    <div className={styles.page}>
      <div className={`column ${styles.ask}`}>
        <RequestForm
          draft={draft}
          problems={problems}
          dispatch={dispatch}
          busyWith={busy ? (run?.prompt ?? "") : undefined}
          disabled={disabled}
          headingRef={askHeading}
          onStart={checkedStart}
        />
        <RunHistory
          history={history}
          openId={run?.requestId}
          disabled={disabled || busy}
          clearFailure={state.clearFailure}
          onOpen={openRun}
          onClear={clear}
        />
      </div>
      <div className={`column ${styles.answer}`}>
        <div className="spoken" role="status">
          {run && [runTitle(run), runStep(run)].filter(Boolean).join(": ")}
        </div>
        {run && <RunStatus run={run} headingRef={statusHeading} />}
        {run?.phase === "awaiting_consent" &&
          run.consentUrl &&
          renderConsent({ url: run.consentUrl, party: run.consentParty })}
        {run?.progress?.consent &&
          renderGranted({
            consent: run.progress.consent,
            requestId: run.progress.request_id,
            isFromEarlier: isFromEarlier(run.progress.consent, run.progress.started_at),
          })}
        {run?.failure && (
          <FailurePanel title={failureTitle(run)} failure={run.failure} headingRef={failureHeading}>
            {isCutOff(run) && (
              <Button
                color="red.9"
                disabled={disabled}
                onClick={() => openRun(run.requestId as string, run.prompt)}
              >
                Check again
              </Button>
            )}
            {!isCutOff(run) && !belongsToOtherUser(run) && (
              <Button
                color="red.9"
                disabled={disabled || retryPrompt.trim() === "" || promptExcess(retryPrompt) > 0}
                onClick={() => checkedStart(retryPrompt)}
              >
                {run.prompt === undefined ? "Start with the prompt above" : "Try again"}
              </Button>
            )}
          </FailurePanel>
        )}
        <ActivityFeed
          profile={profile}
          activities={run?.progress?.activities ?? []}
          hasRun={hasRun}
          isStarting={run?.phase === "starting"}
          shownId={shown?.id}
          onPick={(id) => dispatch({ type: "activity_picked", id })}
        />
        {shown && <AgentResponse activity={shown} headingRef={responseHeading} onShown={onResponseShown} />}
        {run?.results && <OptimizationResults results={run.results} />}
      </div>
    </div>
  );
}

/**
 * Moves the focus along with a run: to its progress at the start (the button just pressed is now
 * disabled), to its outcome at the end, also when the user returns from the consent page. One that
 * is opened on the page takes it to its head, whose prompt identifies it. A run that the page
 * resumes takes no focus.
 */
function useRunFocus(run: Run | undefined, hasResponse: boolean, isReturn: boolean) {
  const statusHeading = useRef<HTMLHeadingElement>(null);
  const failureHeading = useRef<HTMLHeadingElement>(null);
  const responseHeading = useRef<HTMLHeadingElement>(null);
  const wasStarted = useRef(isReturn);
  // Only the first response of a page can be late. A view that is moved before it is there would be
  // pushed away by it.
  const [isReaderThere, setReaderThere] = useState(false);
  const onResponseShown = useCallback(() => setReaderThere(true), []);
  const isResponseShown = hasResponse && isReaderThere;
  const [opened, setOpened] = useState(0);
  const onOpened = useCallback(() => setOpened((before) => before + 1), []);
  useEffect(() => {
    if (opened === 0) return;
    wasStarted.current = false;
    focusAtTop(statusHeading.current);
  }, [opened]);
  const phase = run?.phase;
  useEffect(() => {
    if (phase === "starting") {
      wasStarted.current = true;
      focusWithPanel(statusHeading.current);
    }
    if (!wasStarted.current) return;
    if (phase === "failed") focusWithPanel(failureHeading.current);
    else if (phase === "completed" && isResponseShown) focusAtTop(responseHeading.current);
    else return;
    wasStarted.current = false;
  }, [phase, isResponseShown]);
  return { statusHeading, failureHeading, responseHeading, onResponseShown, onOpened };
}

/** Moves the focus to a heading, and its whole panel into view. */
function focusWithPanel(heading: HTMLElement | null) {
  heading?.focus({ preventScroll: true });
  heading?.closest("section")?.scrollIntoView({ block: "nearest" });
}

/**
 * Moves the focus to a heading. One out of view comes to the view's top: what follows it is to be
 * read, not what precedes it.
 */
function focusAtTop(heading: HTMLElement | null) {
  if (!heading) return;
  heading.focus({ preventScroll: true });
  const { top, bottom } = heading.getBoundingClientRect();
  // The page's head lies over what is nearer to the top, where it stays in place.
  const covered = Number.parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || 0;
  if (top < covered || bottom > window.innerHeight) heading.scrollIntoView();
}
