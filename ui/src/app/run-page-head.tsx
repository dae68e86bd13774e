import { useEffect, useRef } from "react";
import { formatRunAddress, type RunAddress } from "../components/run-address.ts";

interface RunPageHeadProps {
  address: RunAddress;
  /** The demo speaks February's protocol. */
  isFebruary: boolean;
}

/** Title and back link. */
export function RunPageHead({ address, isFebruary }: RunPageHeadProps) {
  const { kind, requestId, attemptId } = address;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const isAttempt = attemptId !== undefined;
  return (
    <div>
      <a href={isAttempt ? formatRunAddress({ kind, requestId }) : "#/"}>
        {isAttempt ? "← Back to the run" : "← Back to the demo"}
      </a>
      <h2 className="page-title" ref={heading} tabIndex={-1}>
        {isAttempt ? "An attempt to break run" : `Every message of ${kind}`}{" "}
        <code title={requestId}>{requestId.slice(0, 8)}</code>
      </h2>
      {kind === "order" && isFebruary && (
        <p className="note">
          A consent that you gave at the auth server, and the token that came of it, are not recorded here.
        </p>
      )}
    </div>
  );
}
