import { Button } from "@mantine/core";
import type { AnyBreakItVariant, BreakItOffer } from "backend-api";
import { type ReactNode, type Ref, useId, useState } from "react";
import { BusyButton } from "../../components/busy-button.tsx";
import { Panel } from "../../components/panel.tsx";
import { AttemptRow } from "./attempt-row.tsx";
import styles from "./break-it.module.css";
import { summaryOf } from "./summary.ts";
import type { AttemptsControl } from "./use-attempts.ts";
import { TWINS } from "./variant-wording.ts";

interface BreakItProps {
  /** Wire profile of the demo. */
  profile: string | undefined;
  control: AttemptsControl;
  offers: readonly BreakItOffer[];
  /** Whether sending is disabled. */
  disabled: boolean;
  /** Receives the heading, so that focus can move to it. */
  headingRef: Ref<HTMLHeadingElement>;
  /** The URL of an attempt, to share. */
  addressOf: (traceId: string) => string;
  /** Renders an attempt like any other message. */
  renderAttempt: (traceId: string) => ReactNode;
}

/** "Now break it": real attacks on the run, beside the same attacks on a bearer token. */
export function BreakIt(props: BreakItProps) {
  const { profile, control, offers, disabled, headingRef, addressOf, renderAttempt } = props;
  const { attempts, busy, isRunningAll, halted, run, runAll, stop } = control;
  const [shown, setShown] = useState<AnyBreakItVariant | undefined>(undefined);
  const withTwin = TWINS.flatMap((variant) => offers.filter((offer) => offer.variant === variant));
  const others = offers.filter(({ variant }) => !TWINS.includes(variant));
  // Those that were shown before the user left the page for another.
  const [areOthersShown, showOthers] = useState(() =>
    others.some(({ variant }) => attempts[variant] !== undefined),
  );
  const othersId = useId();
  const ready = [...withTwin, ...others].filter(({ unavailable }) => unavailable === undefined);
  const reason = sameReason(offers);

  const rowOf = (hasTwin: boolean) => (offer: BreakItOffer) => {
    const { variant, unavailable } = offer;
    return (
      <AttemptRow
        key={variant}
        variant={variant}
        profile={profile}
        hasTwin={hasTwin}
        addressOf={addressOf}
        renderAttempt={renderAttempt}
        unavailable={reason === undefined ? unavailable : undefined}
        attempt={attempts[variant]}
        isBusy={busy === variant}
        isDisabled={disabled || unavailable !== undefined || isRunningAll || (busy ?? variant) !== variant}
        isOpen={shown === variant}
        onTry={() => void run(variant)}
        onToggle={() => setShown(shown === variant ? undefined : variant)}
      />
    );
  };

  return (
    <Panel
      title="Now break it"
      testId="break-it"
      headingRef={headingRef}
      aside={
        // One button, which keeps the keyboard focus.
        <BusyButton
          size="compact-sm"
          variant={isRunningAll ? "default" : "filled"}
          busy={busy !== undefined && !isRunningAll}
          disabled={!isRunningAll && (disabled || ready.length === 0)}
          onClick={() => {
            if (isRunningAll) return stop();
            showOthers(true);
            void runAll(ready);
          }}
        >
          {isRunningAll ? "Stop" : runAllLabel(ready.length, offers.length)}
        </BusyButton>
      }
    >
      <p className="note">
        Every attack is real: the backend plays the thief and the intruder in transit. The bearer route is a
        mock service of this backend that accepts a bearer token, as most APIs do. The AAuth route is the
        agent of this run. DPoP and mutual TLS bind a token to a key, too; AAuth’s signature also covers the
        body. A thief who holds a request back and sends it first is served: AAuth does not replace TLS.
      </p>
      {reason !== undefined && (
        <p className="outcome" data-tone="waiting">
          {reason}
        </p>
      )}
      {halted !== undefined && (
        <p className="outcome" data-tone="waiting" role="alert">
          {halted.message}
        </p>
      )}
      {withTwin.length > 0 && (
        <AttackTable caption="Attacks on a bearer token and on AAuth" hasTwin>
          {withTwin.map(rowOf(true))}
        </AttackTable>
      )}
      {/* Above the attacks it would move them away from the pointer. */}
      <p role="status">
        {summaryOf({ attempts, profile, busy: isRunningAll ? busy : undefined, total: ready.length })}
      </p>
      {others.length > 0 && (
        <Button
          variant="subtle"
          size="compact-sm"
          aria-expanded={areOthersShown}
          aria-controls={othersId}
          onClick={() => showOthers(!areOthersShown)}
        >
          {areOthersShown ? "Hide" : "Show"} {others.length} more attacks on AAuth
        </Button>
      )}
      <div id={othersId} hidden={!areOthersShown}>
        {areOthersShown && (
          <AttackTable caption="More attacks on AAuth">{others.map(rowOf(false))}</AttackTable>
        )}
      </div>
    </Panel>
  );
}

interface AttackTableProps {
  caption: string;
  hasTwin?: boolean;
  children: ReactNode;
}

/** On a narrow page each row is a block whose cells name their columns. */
function AttackTable({ caption, hasTwin = false, children }: AttackTableProps) {
  return (
    <table className={styles.table} data-twin={hasTwin}>
      <caption className="spoken">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Attack</th>
          {hasTwin && <th scope="col">Bearer route</th>}
          <th scope="col">AAuth</th>
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}

const runAllLabel = (ready: number, all: number): string =>
  ready === all || ready === 0 ? `Run all ${ready || ""}` : `Run ${ready} of ${all}`;

/** The common reason why all attempts are unavailable, if there is one. */
function sameReason(offers: readonly BreakItOffer[]): string | undefined {
  const reasons = new Set(offers.map(({ unavailable }) => unavailable));
  return reasons.size === 1 ? [...reasons][0] : undefined;
}
