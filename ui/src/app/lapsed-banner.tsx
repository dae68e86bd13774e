import { Button } from "@mantine/core";
import type { Failure } from "backend-api";

/** The session ended while the page was open. Nothing on the page is lost. */
export function LapsedBanner({ problem, onSignIn }: { problem: Failure | undefined; onSignIn: () => void }) {
  return (
    <div className="card line ends" data-tone="waiting" role="alert" data-testid="lapsed-banner">
      <p>
        <strong>Your session has ended.</strong> Sign in again to continue. Your input is kept.
        {problem && ` ${problem.message}`}
      </p>
      <Button size="sm" onClick={onSignIn}>
        Sign in again
      </Button>
    </div>
  );
}
