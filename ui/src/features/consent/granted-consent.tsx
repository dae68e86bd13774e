import type { GrantedConsent as Consent } from "backend-api";
import { useEffect, useRef } from "react";
import { BusyButton } from "../../components/busy-button.tsx";
import { Facts } from "../../components/facts.tsx";
import { formatTimeOfDay } from "../../components/format-time.ts";
import { Panel } from "../../components/panel.tsx";
import { type RevocationState, standingOf } from "./revocation-reducer.ts";

interface GrantedConsentProps {
  consent: Consent;
  /** The run it was given for. */
  requestId: string;
  /** It was given before that run began. */
  isFromEarlier: boolean;
  state: RevocationState;
  disabled: boolean;
  onRevoke: () => void;
}

/** The consent for the run on the page: agent, resource, scopes and expiry, with a button to revoke it. */
export function GrantedConsent(props: GrantedConsentProps) {
  const { consent, requestId, isFromEarlier, state, disabled, onRevoke } = props;
  const standing = standingOf(consent, requestId, state);
  const { phase, revokedAt } = standing;
  const outcome = useOutcomeFocus(phase);
  return (
    <Panel
      title={revokedAt === undefined ? "You allowed this" : "You allowed this, then revoked it"}
      aside={
        isFromEarlier
          ? "allowed earlier, not asked again"
          : // Only the auth server knows when the user decided: a recent consent is reused.
            `confirmed by the auth server at ${formatTimeOfDay(consent.granted_at)}`
      }
      testId="granted-consent"
    >
      <Facts
        className="table"
        facts={[
          { name: "Agent", value: <code>{consent.agent}</code> },
          { name: "Resource", value: <code>{consent.resource}</code> },
          { name: "Scopes", value: <code>{consent.scopes.join(" ")}</code> },
          { name: "Auth token valid until", value: formatTimeOfDay(consent.expires_at) },
        ]}
      />
      <p ref={outcome} className="note" tabIndex={-1}>
        {noteFor(consent, standing)}
      </p>
      {consent.revocable && revokedAt === undefined && (
        <BusyButton variant="default" disabled={disabled} busy={phase === "revoking"} onClick={onRevoke}>
          Revoke
        </BusyButton>
      )}
    </Panel>
  );
}

function noteFor(consent: Consent, { revokedAt, failure }: ReturnType<typeof standingOf>): string {
  if (revokedAt !== undefined) {
    return `Revoked at ${formatTimeOfDay(revokedAt)}. The next run asks for consent again. The auth token already issued stays valid until it expires.`;
  }
  if (failure) return `Not revoked. ${failure.message} ${failure.advice ?? ""}`.trim();
  return consent.revocable
    ? "The auth server does not ask for the same consent again for up to half an hour, unless you sign out or revoke it."
    : "The auth server issued no revocable token. The consent ends when the auth token expires.";
}

/** The pressed button disappears, so the focus moves to the outcome. */
function useOutcomeFocus(phase: RevocationState["phase"]) {
  const outcome = useRef<HTMLParagraphElement>(null);
  const before = useRef(phase);
  useEffect(() => {
    if (before.current === "revoking" && phase !== "revoking") outcome.current?.focus();
    before.current = phase;
  }, [phase]);
  return outcome;
}
