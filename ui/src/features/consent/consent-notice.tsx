import { useId } from "react";
import { isOwnersDecision } from "../../api/is-owners-decision.ts";
import { BusyButton } from "../../components/busy-button.tsx";
import { FailurePanel } from "../../components/failure-panel.tsx";
import type { ConsentPage, ConsentState } from "./consent-state.ts";

/** Shown while a run waits for the user's consent. */
export function ConsentNotice({
  page,
  state,
  onReview,
}: {
  page: ConsentPage;
  state: ConsentState;
  onReview: () => void;
}) {
  const headingId = useId();
  if (state.phase === "blocked") {
    return <FailurePanel title="The consent page could not be opened" failure={state.failure} />;
  }
  const isOwners = isOwnersDecision(page.party);
  return (
    <section className="card" data-tone="waiting" aria-labelledby={headingId} data-testid="consent-notice">
      <h2 id={headingId}>
        {isOwners ? "The resource's owner must allow this" : "The agent needs your consent"}
      </h2>
      <Who page={page} isOwners={isOwners} />
      <BusyButton busy={state.phase === "leaving"} onClick={onReview}>
        {isOwners ? "Open the owner's page" : "Review the request"}
      </BusyButton>
    </section>
  );
}

/** Says who decides, and where. */
function Who({ page: { party, url }, isOwners }: { page: ConsentPage; isOwners: boolean }) {
  if (party === undefined) {
    return (
      <p>
        The auth server shows the requesting agent, the resource and the permissions. After you decide, you
        return here and this run continues.
      </p>
    );
  }
  const host = <strong>{URL.parse(url)?.host}</strong>;
  return isOwners ? (
    <p className="breakable">
      The access server <code>{party}</code> leaves this decision to an owner of the resource, who decides on
      its page at {host}. This run then continues.
    </p>
  ) : (
    <p className="breakable">
      <code>{party}</code> asks you to decide on its page, at {host}. After you decide, this run continues.
    </p>
  );
}
