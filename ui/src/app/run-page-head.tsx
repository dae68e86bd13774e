import { Button } from "@mantine/core";
import type { RunTrace } from "backend-api";
import { useEffect, useRef } from "react";
import { formatRunAddress, type RunAddress } from "../components/run-address.ts";

/** Title, back link, and links to the trace store. */
export function RunPageHead({ address, trace }: { address: RunAddress; trace: RunTrace | undefined }) {
  const { kind, requestId, attemptId } = address;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const isAttempt = attemptId !== undefined;
  const traceIds = trace?.trace_ids ?? [];
  return (
    <div className="line ends">
      <div>
        <a href={isAttempt ? formatRunAddress({ kind, requestId }) : "#/"}>
          {isAttempt ? "← Back to the run" : "← Back to the workspace"}
        </a>
        <h2 className="page-title" ref={heading} tabIndex={-1}>
          {isAttempt ? "An attempt to break run" : `Every message of ${kind}`}{" "}
          <code title={requestId}>{requestId.slice(0, 8)}</code>
        </h2>
      </div>
      {trace && traceIds.length > 0 && (
        <div className="line">
          {kind === "run" && !isAttempt && (
            <a href={`/compare.html#run=${requestId}`}>Compare with the other version</a>
          )}
          {traceIds.map((traceId, index) => (
            <Button
              key={traceId}
              component="a"
              variant="default"
              size="compact-sm"
              href={`${trace.explorer_url}/trace/${traceId}`}
              target="_blank"
              rel="noreferrer noopener"
            >
              {trace.explorer === "jaeger" ? "Open in Jaeger" : "Open the trace"}
              {traceIds.length > 1 ? ` (${index + 1})` : ""}
            </Button>
          ))}
        </div>
      )}
    </div>
  );
}
