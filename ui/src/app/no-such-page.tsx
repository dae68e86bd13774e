import { Button } from "@mantine/core";
import { useEffect, useRef } from "react";
import { FailurePanel } from "../components/failure-panel.tsx";
import type { LostKind } from "../components/run-address.ts";
import { useTitle } from "../components/use-title.ts";

/** The page's URL matches nothing: truncated or mistyped. */
export function NoSuchPage({ kind }: { kind: LostKind }) {
  useTitle(`No such ${kind}`);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const failure = {
    message: `There is no ${kind} at this address. It may be truncated or mistyped.`,
    advice: `Check the address${kind === "run" ? ", or find the run among yours" : ""}.`,
  };
  return (
    <FailurePanel title={`No such ${kind}`} failure={failure} headingRef={heading}>
      <Button component="a" href="#/" variant="default">
        Back to the demo
      </Button>
    </FailurePanel>
  );
}
