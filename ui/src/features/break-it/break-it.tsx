import { Button } from "@mantine/core";
import {
  type AnyBreakItVariant,
  apiRoutes,
  type BreakItOffer,
  type BreakItResult,
  type Failure,
} from "backend-api";
import { sectionLinks } from "protocol-trace/read";
import { type ReactNode, useState } from "react";
import { describeFailure } from "../../api/api-failure.ts";
import type { ApiClient } from "../../api/client.ts";
import { BusyButton } from "../../components/busy-button.tsx";
import { SectionLinks } from "../../components/section-links.tsx";
import { partyLabel, wordingOf } from "./variant-wording.ts";

interface BreakItProps {
  client: ApiClient;
  /** Wire profile of the demo. */
  profile: string | undefined;
  requestId: string;
  offers: readonly BreakItOffer[];
  disabled: boolean;
  /** The URL of an attempt, to share. */
  addressOf: (traceId: string) => string;
  /** Renders an attempt like any other message. */
  renderAttempt: (traceId: string) => ReactNode;
}

type Attempt = { result: BreakItResult } | { failure: Failure };

/** Tampered requests of the run, really sent, and the verifier that refused them. */
export function BreakIt(props: BreakItProps) {
  const { client, profile, requestId, offers, disabled, addressOf, renderAttempt } = props;
  const [attempts, setAttempts] = useState<Partial<Record<AnyBreakItVariant, Attempt>>>({});
  const [busy, setBusy] = useState<AnyBreakItVariant | undefined>(undefined);
  const [shown, setShown] = useState<string | undefined>(undefined);

  const run = async (variant: AnyBreakItVariant) => {
    setBusy(variant);
    try {
      const result = await client.call(apiRoutes.breakIt, { params: { id: requestId, variant } });
      setAttempts((before) => ({ ...before, [variant]: { result } }));
    } catch (error) {
      setAttempts((before) => ({ ...before, [variant]: { failure: describeFailure(error) } }));
    } finally {
      setBusy(undefined);
    }
  };

  return (
    <ul className="ruled" data-testid="break-it">
      {offers.map(({ variant, unavailable }) => {
        const { title, what, lesson } = wordingOf(variant, profile);
        const attempt = attempts[variant];
        const traceId = attempt && "result" in attempt ? attempt.result.trace_id : undefined;
        return (
          <li key={variant} data-variant={variant}>
            <div className="line ends nowrap">
              <div>
                <h3>{title}</h3>
                <p className="note">{what}</p>
              </div>
              <BusyButton
                variant="default"
                size="compact-sm"
                busy={busy === variant}
                disabled={disabled || unavailable !== undefined || (busy !== undefined && busy !== variant)}
                aria-label={`Try: ${title}`}
                onClick={() => void run(variant)}
              >
                Try
              </BusyButton>
            </div>
            {unavailable !== undefined && (
              <p className="note toned" data-tone="waiting">
                {unavailable}
              </p>
            )}
            <div role="status">{attempt && <Outcome attempt={attempt} lesson={lesson} />}</div>
            {traceId !== undefined && (
              <div className="line">
                <Button
                  variant="subtle"
                  size="compact-sm"
                  aria-expanded={shown === traceId}
                  onClick={() => setShown(shown === traceId ? undefined : traceId)}
                >
                  {shown === traceId ? "Hide the message" : "Show the message"}
                </Button>
                <a href={addressOf(traceId)}>Open on its own page</a>
              </div>
            )}
            {traceId !== undefined && shown === traceId && renderAttempt(traceId)}
          </li>
        );
      })}
    </ul>
  );
}

const OTHER_CHECK_FAILED = "Another check failed first, so the intended check was not reached.";

export function Outcome({ attempt, lesson }: { attempt: Attempt; lesson: string }) {
  if ("failure" in attempt) return <p className="outcome">{attempt.failure.message}</p>;
  const { refused, refused_by, as_meant, check, code, section, status, meaning, reason } = attempt.result;
  const isPolicy = check === "policy";
  if (!refused) {
    return (
      <p className="outcome" data-refused="false">
        <strong>Not refused: this is a hole.</strong> The response has status {status}.
      </p>
    );
  }
  return (
    <div className="outcome" data-refused="true">
      <p>
        {status < 400 ? (
          <>
            <strong>Without effect at {partyLabel(refused_by ?? "")}</strong>: the request still waits, with
            status {status}
          </>
        ) : (
          <>
            <strong>Refused by {partyLabel(refused_by ?? "")}</strong> with status {status}
          </>
        )}
        {check && !isPolicy && (
          <>
            {" "}
            at its check <code>{check}</code>
          </>
        )}
        {isPolicy && " by its policy"}
        {code && (
          <>
            : <code data-testid="refusal-code">{code}</code>
          </>
        )}
        . {reason ? `${sentence(reason)} ` : ""}
        {!reason && meaning && <>{withCode(meaning)} </>}
        {section && (sectionLinks(section).length > 0 ? <SectionLinks section={section} /> : `${section}.`)}
      </p>
      {/* The policy would have refused the original request, too, so there is no lesson. */}
      {!isPolicy && <p className="note">{as_meant === false ? OTHER_CHECK_FAILED : lesson}</p>}
    </div>
  );
}

/** Text in which a name stands between backticks. */
function withCode(text: string) {
  return text.split("`").map((part, index) => (index % 2 === 1 ? <code key={part}>{part}</code> : part));
}

function sentence(text: string): string {
  const start = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(start) ? start : `${start}.`;
}
