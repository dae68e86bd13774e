import type { Failure } from "backend-api";
import type { ReactNode } from "react";
import { Panel } from "../../components/panel.tsx";

interface DenialProps {
  failure: Failure;
  /** Button to ask again. */
  children: ReactNode;
}

/** Shows a person's denial, which is an outcome of the run rather than a failure. */
export function Denial({ failure: { hop, code, message }, children }: DenialProps) {
  const isOwners = hop === "access-server";
  return (
    <Panel title={isOwners ? "The owner said no" : "You said no"} tone="waiting" testId="denial">
      <p>
        {message} {!isOwners && "This is as intended: without your consent no token is issued. "}
        {code && <code>{code}</code>}
      </p>
      <div className="line">{children}</div>
    </Panel>
  );
}
