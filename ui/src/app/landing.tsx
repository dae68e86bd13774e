import { Button } from "@mantine/core";
import type { Failure } from "backend-api";
import { FailurePanel } from "../components/failure-panel.tsx";
import { ProtocolSteps } from "../components/protocol-steps.tsx";
import { useTitle } from "../components/use-title.ts";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import styles from "./landing.module.css";

interface LandingProps {
  problem: Failure | undefined;
  /** The failure that a redirect brought back. */
  returned: { title: string; failure: Failure } | undefined;
  onSignIn: () => void;
  profile: RuntimeConfig["profile"];
}

/** The page for signed-out users. */
export function Landing({ problem, returned, onSignIn, profile }: LandingProps) {
  useTitle(problem || returned ? "Not signed in" : undefined);
  return (
    <div className={styles.landing}>
      <div className={`column ${styles.words}`}>
        <h2>Agents that sign every request</h2>
        <p>
          Two agents plan a laptop order for you. Every request between them is signed with the sender’s own
          key. No bearer tokens pass between agents, so an intercepted request is useless to an attacker. An
          agent that requires more than a signature responds with a challenge, and the caller retries with an
          auth token bound to its key.
        </p>
        <Button size="lg" onClick={onSignIn}>
          Sign in
        </Button>
        <a href="/compare.html">Compare a run in February 2026 and in draft -11</a>
        {returned && <FailurePanel {...returned} />}
        {problem && <FailurePanel title="You are not signed in" failure={problem} />}
      </div>
      <section className="card" aria-label="One authorized request">
        <ProtocolSteps profile={profile} />
      </section>
    </div>
  );
}
