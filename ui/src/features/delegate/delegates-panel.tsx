import { Button } from "@mantine/core";
import type { Delegate, DelegateList } from "backend-api";
import { useRef } from "react";
import type { ApiClient } from "../../api/client.ts";
import { BusyButton } from "../../components/busy-button.tsx";
import { FailurePanel } from "../../components/failure-panel.tsx";
import { Fold } from "../../components/fold.tsx";
import { formatRunAddress } from "../../components/run-address.ts";
import { mayRun, outcomeOf, pageOf, standingOf, stepTitle } from "./delegate-wording.ts";
import type { DelegateAction } from "./delegates-reducer.ts";
import { useDelegates } from "./use-delegates.ts";

interface DelegatesPanelProps {
  client: ApiClient;
  disabled: boolean;
  /** Calls need more than an agent token in this mode. */
  needsTokens: boolean;
  /** Calls need a user's consent in this mode, and a delegate acts for no user. */
  isRefused: boolean;
}

/** The backend's delegates: processes with their own keys that act under its identity. */
export function DelegatesPanel({ client, disabled, needsTokens, isRefused }: DelegatesPanelProps) {
  const { state, act, readAgain } = useDelegates(client);
  const { list, running, failure } = state;
  const heading = useRef<HTMLHeadingElement>(null);
  return (
    <Fold
      title="Delegates"
      headingRef={heading}
      testId="delegates-panel"
      opens={list?.delegates.some((delegate) => pageOf(delegate) !== undefined) === true}
    >
      <Explanation list={list} needsTokens={needsTokens} />
      {list?.delegates.length === 0 && (
        <p className="note">
          No delegate is enrolled. Start one with <code>npm run demo -- --only delegate-agent</code>.
        </p>
      )}
      {list && list.delegates.length > 0 && (
        <ul className="ruled">
          {list.delegates.map((delegate) => (
            <li key={delegate.sub}>
              <DelegateItem
                delegate={delegate}
                isRefused={isRefused}
                isStale={state.isStale === true}
                doing={running?.sub === delegate.sub ? running.action : undefined}
                disabled={
                  disabled ||
                  state.isStale === true ||
                  (running !== undefined && running.sub !== delegate.sub)
                }
                onAct={(action) => void act(delegate.sub, action)}
              />
            </li>
          ))}
        </ul>
      )}
      {failure && list && !state.isStale && (
        <FailurePanel title={FAILED[state.failed ?? "run"]} failure={failure} />
      )}
      {failure && (!list || state.isStale) && (
        <FailurePanel title="The delegates cannot be shown" failure={failure}>
          <BusyButton
            color="red.9"
            disabled={disabled}
            busy={state.isAskedAgain === true}
            onClick={async () => {
              // The pressed button disappears.
              if (await readAgain()) heading.current?.focus();
            }}
          >
            Try again
          </BusyButton>
        </FailurePanel>
      )}
    </Fold>
  );
}

/** Title of each failed action. */
const FAILED: Readonly<Record<DelegateAction, string>> = {
  run: "The delegate’s run failed",
  end: "The delegate was not fully ended",
  start: "The delegate was not started again",
};

interface ExplanationProps extends Pick<DelegatesPanelProps, "needsTokens"> {
  list: DelegateList | undefined;
}

function Explanation({ list, needsTokens }: ExplanationProps) {
  const agent = list ? <code>{list.agent}</code> : "the backend";
  if (list?.delegates.some((delegate) => delegate.sub_agent)) {
    return (
      <p className="note breakable">
        Processes that act for you as sub-agents, each with its own key. The agent token, issued by {agent},
        names your agent as the parent.
        {needsTokens &&
          " Only the parent calls the person server: it obtains the other tokens, which are bound to the sub-agent’s key and name you, and no agent."}
      </p>
    );
  }
  return (
    <p className="note breakable">
      Processes that act as {agent} with their own keys. The backend vouches for each key with an agent token.
      {needsTokens && " The auth token names the delegate."}
    </p>
  );
}

interface DelegateItemProps {
  delegate: Delegate;
  isRefused: boolean;
  isStale: boolean;
  /** Its action in progress. */
  doing: DelegateAction | undefined;
  disabled: boolean;
  onAct: (action: DelegateAction) => void;
}

function DelegateItem({ delegate, isRefused, isStale, doing, disabled, onAct }: DelegateItemProps) {
  const { name, sub, agent_token, last_run, sub_agent } = delegate;
  const page = pageOf(delegate);
  const button = (action: DelegateAction, label: string, isOff = false) => (
    <BusyButton
      variant="default"
      disabled={disabled || isOff || (doing !== undefined && doing !== action)}
      busy={doing === action}
      onClick={() => onAct(action)}
    >
      {label}
    </BusyButton>
  );
  return (
    <>
      <div className="line ends">
        <div>
          <h3>{name}</h3>
          <code className="small breakable">{sub_agent?.id ?? sub}</code>
        </div>
        <div className="line">
          {!isRefused && button("run", "Run delegate", !mayRun(delegate))}
          {sub_agent &&
            sub_agent.state !== "new" &&
            // Both buttons are one element, so that it keeps the focus.
            (sub_agent.state === "ended" ? button("start", "Start again") : button("end", "End delegate"))}
        </div>
      </div>
      <p className="note">{standingOf(delegate, isStale)}</p>
      {agent_token && (
        <p className="note breakable">
          Key <code>{agent_token.key}</code>
        </p>
      )}
      <p role="status" data-status={last_run?.status ?? "none"}>
        {isRefused
          ? "Not offered: a call in this mode needs a user’s consent, and a delegate acts for no user."
          : outcomeOf(delegate)}
      </p>
      {page && (
        <div className="card" data-tone="waiting" data-testid="delegate-interaction">
          <p>
            Decide at <strong>{page.host}</strong>, then run the delegate again.
          </p>
          <Button component="a" href={page.href}>
            Review the request
          </Button>
        </div>
      )}
      {last_run && last_run.steps.length > 0 && (
        <ol>
          {last_run.steps.map(({ action, details }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: steps have no id and never change
            <li key={index}>
              {stepTitle(action)} <code className="small">{details}</code>
            </li>
          ))}
        </ol>
      )}
      {sub_agent?.run_id !== undefined && (
        <p>
          <a href={formatRunAddress({ kind: "run", requestId: sub_agent.run_id })}>Show every message</a>
        </p>
      )}
    </>
  );
}
