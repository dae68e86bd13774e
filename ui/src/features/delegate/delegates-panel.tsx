import type { Delegate } from "backend-api";
import { useRef } from "react";
import type { ApiClient } from "../../api/client.ts";
import { BusyButton } from "../../components/busy-button.tsx";
import { FailurePanel } from "../../components/failure-panel.tsx";
import { Panel } from "../../components/panel.tsx";
import { outcomeOf, standingOf, stepTitle } from "./delegate-wording.ts";
import { useDelegates } from "./use-delegates.ts";

/** The backend's delegates: processes with their own keys that act under its identity. */
export function DelegatesPanel({ client, disabled }: { client: ApiClient; disabled: boolean }) {
  const { state, run, readAgain } = useDelegates(client);
  const { list, running, failure } = state;
  const heading = useRef<HTMLHeadingElement>(null);
  return (
    <Panel title="Delegates" headingRef={heading} testId="delegates-panel">
      <p className="note breakable">
        Processes that act as {list ? <code>{list.agent}</code> : "the backend"} with a key of their own. The
        backend vouches for each key with an agent token. The auth token names the delegate.
      </p>
      {list?.delegates.length === 0 && (
        <p className="note">
          No delegate is enrolled. Start one with <code>npm run delegate</code>.
        </p>
      )}
      {list && list.delegates.length > 0 && (
        <ul className="ruled">
          {list.delegates.map((delegate) => (
            <li key={delegate.sub}>
              <DelegateItem
                delegate={delegate}
                isRunning={running === delegate.sub}
                disabled={
                  disabled ||
                  (running !== undefined && running !== delegate.sub) ||
                  delegate.process !== "running"
                }
                onRun={() => void run(delegate.sub)}
              />
            </li>
          ))}
        </ul>
      )}
      {failure && list && <FailurePanel title="The delegate’s run failed" failure={failure} />}
      {failure && !list && (
        <FailurePanel title="The delegates cannot be shown" failure={failure}>
          <BusyButton
            color="red.9"
            disabled={disabled}
            busy={state.isAskedAgain === true}
            onClick={async () => {
              // This button is removed.
              if (await readAgain()) heading.current?.focus();
            }}
          >
            Try again
          </BusyButton>
        </FailurePanel>
      )}
    </Panel>
  );
}

interface DelegateItemProps {
  delegate: Delegate;
  isRunning: boolean;
  disabled: boolean;
  onRun: () => void;
}

function DelegateItem({ delegate, isRunning, disabled, onRun }: DelegateItemProps) {
  const { name, sub, agent_token, last_run } = delegate;
  return (
    <>
      <div className="line ends">
        <div>
          <h3>{name}</h3>
          <code className="small">{sub}</code>
        </div>
        <BusyButton variant="default" disabled={disabled} busy={isRunning} onClick={onRun}>
          Run delegate
        </BusyButton>
      </div>
      <p className="note">{standingOf(delegate)}</p>
      {agent_token && (
        <p className="note breakable">
          Key <code>{agent_token.key}</code>
        </p>
      )}
      <p role="status" data-status={last_run?.status ?? "none"}>
        {outcomeOf(delegate)}
      </p>
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
    </>
  );
}
