import { Button } from "@mantine/core";
import type { Failure } from "backend-api";
import { FailurePanel } from "../components/failure-panel.tsx";
import { Fold } from "../components/fold.tsx";
import { ProtocolSteps } from "../components/protocol-steps.tsx";
import { useTitle } from "../components/use-title.ts";
import { grantsPageUrl, type RuntimeConfig } from "../config/runtime-config.ts";
import { runningVersion } from "../config/versions.ts";
import { TheftTwice } from "../features/theft/theft-twice.tsx";
import { BuildYours, GUIDE } from "./build-yours.tsx";
import styles from "./landing.module.css";
import { ModeList } from "./mode-list.tsx";

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
        <h2>Steal a bearer token and you are its owner. Steal an AAuth token and you have nothing.</h2>
        <p>
          AAuth lets agents prove who they are and for whom they act: each signs every request with its own
          key, and a token works with that key alone. Sign in, let agents plan a laptop order, and try to
          break it.
        </p>
        <Button size="lg" onClick={onSignIn}>
          {userOfOtherTab === undefined ? "Sign in" : `Continue as ${userOfOtherTab}`}
        </Button>
        {isSignedOut && grantsUrl !== undefined && (
          <p className="note">
            You may still be signed in at the person server. <a href={grantsUrl}>Sign out there, too</a>
          </p>
        )}
        {returned && <FailurePanel {...returned} />}
        {problem && <FailurePanel title="You are not signed in" failure={problem} />}
      </div>
      <TheftTwice />
      <section className={`card ${styles.choice}`} aria-labelledby="choice">
        <h2 id="choice">Choose what you want to see</h2>
        <ModeList config={config} />
      </section>
      <div className={`column ${styles.choice}`}>
        <Fold title="How one request is authorized" aside={mode ? `${title}, ${mode.name}` : title}>
          <ProtocolSteps profile={config.profile} mode={config.mode} />
        </Fold>
        <BuildYours />
        <p className="chips">
          <a href="/compare.html">Compare both protocols</a>
          <a href={GUIDE}>Build with it: the guide</a>
        </p>
      </div>
    </div>
  );
}
