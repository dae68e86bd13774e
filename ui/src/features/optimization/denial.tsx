import type { Failure } from "backend-api";
import type { ReactNode } from "react";
import { Panel } from "../../components/panel.tsx";

interface DenialProps {
  failure: Failure;
  /** Button to ask again. */
  children: ReactNode;
}

/** A person has said no: an outcome of the run, and not a failure of it. */
export function Denial({ failure: { hop, code, message }, children }: DenialProps) {
  const isOwners = hop === "access-server";
  return (
    <Panel title={isOwners ? "The owner said no" : "You said no"} tone="waiting" testId="denial">
      <p>
        {message} {!isOwners && "That is how it should be: without your consent no token is issued. "}
        {code && <code>{code}</code>}
      </p>
      <div className="line">{children}</div>
    </Panel>
  );
}
