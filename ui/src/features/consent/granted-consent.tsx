import type { GrantedConsent as Consent } from "backend-api";
import { useEffect, useRef } from "react";
import { BusyButton } from "../../components/busy-button.tsx";
import { formatTimeOfDay } from "../../components/format-time.ts";
import { Panel } from "../../components/panel.tsx";
import styles from "./granted-consent.module.css";
import { type RevocationState, standingOf } from "./revocation-reducer.ts";

interface GrantedConsentProps {
  consent: Consent;
  /** The run it was given to. */
  requestId: string;
  /** It was given before that run began. */
  isFromEarlier: boolean;
  state: RevocationState;
  disabled: boolean;
  onRevoke: () => void;
}

/** What the person has allowed for the run on the page: to whom, what, until when; and the way to take it back. */
export function GrantedConsent(props: GrantedConsentProps) {
  const { consent, requestId, isFromEarlier, state, disabled, onRevoke } = props;
  const standing = standingOf(consent, requestId, state);
  const { phase, revokedAt } = standing;
  const outcome = useOutcomeFocus(phase);
  return (
    <Panel
      title={revokedAt === undefined ? "You allowed this" : "You allowed this, and took it back"}
      aside={
        isFromEarlier
          ? "allowed earlier, not asked again"
          : // When it was decided is the auth server's to know: who has allowed the same a little earlier is not asked again.
            `confirmed by the auth server at ${formatTimeOfDay(consent.granted_at)}`
      }
      testId="granted-consent"
    >
      <dl className={styles.facts}>
        <div>
          <dt>Who may act for you</dt>
          <dd>
            <code>{consent.agent}</code>
          </dd>
        </div>
        <div>
          <dt>Where</dt>
          <dd>
            <code>{consent.resource}</code>
          </dd>
        </div>
        <div>
          <dt>What</dt>
          <dd className={styles.scopes}>
            {consent.scopes.map((scope) => (
              <code key={scope}>{scope}</code>
            ))}
          </dd>
        </div>
        <div>
          <dt>Auth token good until</dt>
          <dd>{formatTimeOfDay(consent.expires_at)}</dd>
        </div>
      </dl>
      <p ref={outcome} className={styles.note} tabIndex={-1}>
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
    return `Revoked at ${formatTimeOfDay(revokedAt)}. The next run asks you again; the auth token already issued works until it expires.`;
  }
  if (failure) return `Not revoked. ${failure.message} ${failure.advice ?? ""}`.trim();
  return consent.revocable
    ? "For half an hour at most, and until you sign out or revoke it, the auth server does not ask you about the same request again."
    : "The auth server gave nothing that this could be revoked by; it ends with the auth token.";
}

/** The pressed button disappears, and the focus with it: it moves to the words that say what came of it. */
function useOutcomeFocus(phase: RevocationState["phase"]) {
  const outcome = useRef<HTMLParagraphElement>(null);
  const before = useRef(phase);
  useEffect(() => {
    if (before.current === "revoking" && phase !== "revoking") outcome.current?.focus();
    before.current = phase;
  }, [phase]);
  return outcome;
}
