import { Button } from "@mantine/core";
import type { Failure } from "backend-api";
import { FailurePanel } from "../components/failure-panel.tsx";
import { ProtocolSteps } from "../components/protocol-steps.tsx";
import { useTitle } from "../components/use-title.ts";
import styles from "./landing.module.css";

interface LandingProps {
  problem: Failure | undefined;
  /** What a trip to another page has come to, where it failed. */
  returned: { title: string; failure: Failure } | undefined;
  onSignIn: () => void;
}

/** What a signed-out visitor sees: what this is, and the way in. */
export function Landing({ problem, returned, onSignIn }: LandingProps) {
  useTitle(problem || returned ? "Not signed in" : undefined);
  return (
    <div className={styles.landing}>
      <div className={styles.words}>
        <h2>Agents that sign every request</h2>
        <p>
          Here two agents plan a laptop order for you, and each request between them is signed with its
          sender’s own key. No bearer token passes from agent to agent, so nothing seen on the way is of use
          to anyone else. An agent that needs more than a signature answers with a challenge, and the caller
          comes back with an auth token that only its own key can use.
        </p>
        <Button size="lg" onClick={onSignIn}>
          Sign in
        </Button>
        {returned && (
          <div className={styles.problem}>
            <FailurePanel {...returned} />
          </div>
        )}
        {problem && (
          <div className={styles.problem}>
            <FailurePanel title="You are not signed in" failure={problem} />
          </div>
        )}
      </div>
      <section className={styles.steps} aria-label="One authorized request">
        <ProtocolSteps />
      </section>
    </div>
  );
}
