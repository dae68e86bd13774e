import { Button } from "@mantine/core";
import type { Failure } from "backend-api";
import { FailurePanel } from "../components/failure-panel.tsx";
import { ProtocolSteps } from "../components/protocol-steps.tsx";
import { useTitle } from "../components/use-title.ts";
import { grantsPageUrl, type RuntimeConfig } from "../config/runtime-config.ts";
import { runningVersion } from "../config/versions.ts";
import { BuildYours, GUIDE } from "./build-yours.tsx";
import styles from "./landing.module.css";

interface LandingProps {
  problem: Failure | undefined;
  /** Failure reported by a redirect. */
  returned: { title: string; failure: Failure } | undefined;
  onSignIn: () => void;
  /** Name of the user who is signed in in another tab. */
  userOfOtherTab: string | undefined;
  /** The user of this tab has signed out. */
  isSignedOut: boolean;
  config: RuntimeConfig;
}

/** The page for signed-out users. */
export function Landing({ problem, returned, onSignIn, userOfOtherTab, isSignedOut, config }: LandingProps) {
  useTitle(problem || returned ? "Not signed in" : undefined);
  const { title, mode } = runningVersion(config);
  const grantsUrl = grantsPageUrl(config);
  return (
    <div className={styles.landing}>
      <div className={`column ${styles.words}`}>
        <h2>Steal this request. It is worthless.</h2>
        <p>
          Agents plan a laptop order for you and sign every call with their own key. A token works only with
          that key, and an order that has arrived is not accepted again. Sign in, watch each message, and try
          to break it.
        </p>
        {mode && (
          <p>
            This demo speaks AAuth {title}, mode <strong>{mode.name}</strong>. {mode.sentence}
          </p>
        )}
        <Button size="lg" onClick={onSignIn}>
          {userOfOtherTab === undefined ? "Sign in" : `Continue as ${userOfOtherTab}`}
        </Button>
        {isSignedOut && grantsUrl !== undefined && (
          <p className="note">
            You may still be signed in at the person server. <a href={grantsUrl}>Sign out there, too</a>
          </p>
        )}
        <p className="chips">
          <a href="/compare.html">Compare a run in February 2026 and in draft&nbsp;-11</a>
          <a href={GUIDE}>Build with it: the guide</a>
        </p>
        {returned && <FailurePanel {...returned} />}
        {problem && <FailurePanel title="You are not signed in" failure={problem} />}
        <BuildYours />
      </div>
      <section className="card" aria-label="One authorized request">
        <ProtocolSteps profile={config.profile} mode={config.mode} />
      </section>
    </div>
  );
}
