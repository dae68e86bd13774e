import { Button } from "@mantine/core";
import type { AnyBreakItVariant } from "backend-api";
import type { ReactNode } from "react";
import { BusyButton } from "../../components/busy-button.tsx";
import { formatTimeOfDay } from "../../components/format-time.ts";
import { BearerExchanges } from "./bearer-exchanges.tsx";
import styles from "./break-it.module.css";
import { BearerOutcome, Lesson, Outcome } from "./outcome.tsx";
import type { Attempt } from "./use-attempts.ts";
import { twinWordingOf, wordingOf } from "./variant-wording.ts";

interface AttemptRowProps {
  variant: AnyBreakItVariant;
  profile: string | undefined;
  /** Whether the table has a column for the bearer route. */
  hasTwin: boolean;
  /** Reason why the attempt is unavailable. */
  unavailable: string | undefined;
  attempt: Attempt | undefined;
  isBusy: boolean;
  isDisabled: boolean;
  /** Whether the messages are shown. */
  isOpen: boolean;
  onTry: () => void;
  onToggle: () => void;
  addressOf: (traceId: string) => string;
  renderAttempt: (traceId: string) => ReactNode;
}

/** An attack: its outcomes on both routes, and below them the messages. */
export function AttemptRow(props: AttemptRowProps) {
  const { variant, profile, hasTwin, unavailable, attempt, isBusy, isDisabled, isOpen } = props;
  const wording = wordingOf(variant, profile);
  const { title, what } = wording;
  const twin = twinWordingOf(variant);
  const result = attempt && "result" in attempt ? attempt.result : undefined;
  return (
    <>
      <tr data-variant={variant}>
        <th scope="row">
          <h3>{title}</h3>
          <p className="note">{what}</p>
          {unavailable !== undefined && (
            <p className="note toned" data-tone="waiting">
              {unavailable}
            </p>
          )}
          <div className="line">
            <BusyButton
              variant="default"
              size="compact-sm"
              busy={isBusy}
              disabled={isDisabled}
              aria-label={`Try: ${title}`}
              onClick={props.onTry}
            >
              Try
            </BusyButton>
            {attempt?.endedAt !== undefined && (
              <span className="small">at {formatTimeOfDay(attempt.endedAt)}</span>
            )}
            {result !== undefined && (
              <Button
                variant="subtle"
                size="compact-sm"
                aria-expanded={isOpen}
                aria-label={`${opener(isOpen, hasTwin)}: ${title}`}
                onClick={props.onToggle}
              >
                {opener(isOpen, hasTwin)}
              </Button>
            )}
          </div>
        </th>
        {hasTwin && (
          <td data-column="Bearer route" data-untried={!attempt}>
            {result?.bearer && twin ? <BearerOutcome side={result.bearer} wording={twin} /> : NOT_TRIED}
          </td>
        )}
        <td data-column="AAuth" data-untried={!attempt}>
          {attempt ? <Outcome attempt={attempt} wording={wording} /> : NOT_TRIED}
        </td>
      </tr>
      {result !== undefined && isOpen && <OpenedRow {...props} result={result} />}
    </>
  );
}

const NOT_TRIED = <span className="small">Not tried yet</span>;

const opener = (isOpen: boolean, hasTwin: boolean): string =>
  `${isOpen ? "Hide" : "Show"} ${hasTwin ? "both sides" : "the message"}`;

function OpenedRow(props: AttemptRowProps & { result: Extract<Attempt, { result: unknown }>["result"] }) {
  const { variant, profile, hasTwin, result, addressOf, renderAttempt } = props;
  const { bearer, trace_id: traceId } = result;
  const { title, lesson } = wordingOf(variant, profile);
  return (
    <tr data-opened={variant}>
      <td colSpan={hasTwin ? 3 : 2}>
        <div className={styles.sides}>
          {bearer && (
            <section className={`column ${styles.side}`} aria-label={`${title}: bearer route`}>
              <h4>Bearer route</h4>
              <BearerExchanges exchanges={bearer.exchanges} />
            </section>
          )}
          <section className={`column ${styles.side}`} aria-label={`${title}: AAuth`}>
            <h4>AAuth</h4>
            <Lesson result={result} lesson={lesson} />
            {traceId !== undefined && (
              <p>
                <a href={addressOf(traceId)}>Open on its own page</a>
              </p>
            )}
            {traceId !== undefined && renderAttempt(traceId)}
          </section>
        </div>
      </td>
    </tr>
  );
}
