import { useId } from "react";
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
  return (
    <section className="card" data-tone="waiting" aria-labelledby={headingId} data-testid="consent-notice">
      <h2 id={headingId}>The agent needs your consent</h2>
      {page.party === undefined ? (
        <p>
          The auth server shows the requesting agent, the resource and the permissions. After you decide, you
          return here and this run continues.
        </p>
      ) : (
        <p className="breakable">
          <code>{page.party}</code> asks you to decide on its page, at{" "}
          <strong>{URL.parse(page.url)?.host}</strong>. After you decide, this run continues.
        </p>
      )}
      <BusyButton busy={state.phase === "leaving"} onClick={onReview}>
        Review the request
      </BusyButton>
    </section>
  );
}
