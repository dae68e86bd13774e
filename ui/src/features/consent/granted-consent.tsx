import { apiRoutes, type GrantedConsent as Consent, type Failure } from "backend-api";
import { useEffect, useRef, useState } from "react";
import { describeFailure } from "../../api/api-failure.ts";
import type { ApiClient } from "../../api/client.ts";
import { BusyButton } from "../../components/busy-button.tsx";
import { Facts } from "../../components/facts.tsx";
import { Fold } from "../../components/fold.tsx";
import { formatTimeOfDay } from "../../components/format-time.ts";

interface GrantedConsentProps {
  client: ApiClient;
  /** Consent for one run. Use the run as the component's key. */
  consent: Consent;
  /** Whether it was given before the run began. */
  isFromEarlier: boolean;
  disabled: boolean;
}

/**
 * The attempt to revoke the consent on this page. It takes precedence over the backend's report.
 */
interface Revocation {
  isBusy?: boolean;
  failure?: Failure;
  /** ISO time. */
  revokedAt?: string;
}

/** The displayed run's consent: agent, resource, scopes and expiry, with a button to revoke it. */
export function GrantedConsent({ client, consent, isFromEarlier, disabled }: GrantedConsentProps) {
  const [revocation, setRevocation] = useState<Revocation>({});
  const outcome = useRef<HTMLParagraphElement>(null);
  const revokedAt = consent.revoked_at ?? revocation.revokedAt;
  const isTried = revocation.failure !== undefined || revocation.revokedAt !== undefined;
  // Moves the focus to the outcome, because the pressed button disappears.
  useEffect(() => {
    if (isTried) outcome.current?.focus();
  }, [isTried]);

  /** Revokes everything the user has consented to. */
  const revoke = async () => {
    setRevocation({ isBusy: true });
    try {
      await client.call(apiRoutes.revokeConsent);
      setRevocation({ revokedAt: new Date().toISOString() });
    } catch (error) {
      setRevocation({ failure: describeFailure(error) });
    }
  };
  return (
    <Fold
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
        {noteFor(consent, revokedAt, revocation.failure)}
      </p>
      {consent.revocable && revokedAt === undefined && (
        <BusyButton
          variant="default"
          disabled={disabled}
          busy={revocation.isBusy === true}
          onClick={() => void revoke()}
        >
          Revoke
        </BusyButton>
      )}
    </Fold>
  );
}

function noteFor(consent: Consent, revokedAt: string | undefined, failure: Failure | undefined): string {
  if (revokedAt !== undefined) {
    return `Revoked at ${formatTimeOfDay(revokedAt)}. The next run asks for consent again. The auth token already issued stays valid until it expires.`;
  }
  if (failure) return `Not revoked. ${failure.message} ${failure.advice ?? ""}`.trim();
  return consent.revocable
    ? "The auth server does not ask for the same consent again for up to half an hour, unless you sign out or revoke it."
    : "The auth server issued no revocable token. The consent ends when the auth token expires.";
}
