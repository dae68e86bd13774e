import { useId } from "react";
import { BusyButton } from "../../components/busy-button.tsx";
import { FailurePanel } from "../../components/failure-panel.tsx";
import styles from "./consent-notice.module.css";
import type { ConsentState } from "./consent-reducer.ts";

/** Shown while a run waits for the user's consent. */
export function ConsentNotice({ state, onReview }: { state: ConsentState; onReview: () => void }) {
  const headingId = useId();
  if (state.phase === "blocked") {
    return <FailurePanel title="Your consent could not be asked for" failure={state.failure} />;
  }
  return (
    <section className={styles.notice} aria-labelledby={headingId} data-testid="consent-notice">
      <h2 id={headingId}>The agent needs your consent</h2>
      <p>
        The auth server shows who asks, for which resource and with which permissions. Your answer brings you
        back here, and this same run goes on.
      </p>
      <BusyButton busy={state.phase === "leaving"} onClick={onReview}>
        Review the request
      </BusyButton>
    </section>
  );
}
