import type { Check, Failure, Hop } from "backend-api";
import { type ReactNode, type Ref, useId } from "react";
import { type Fact, Facts } from "./facts.tsx";

const hopNames: Record<Hop, string> = {
  backend: "Backend",
  gateway: "Gateway",
  "supply-chain-agent": "Supply-chain agent",
  "market-analysis-agent": "Market-analysis agent",
  "auth-server": "Auth server",
  "person-server": "Person server",
  "access-server": "Access server",
};

const checkNames: Record<Check, string> = {
  connection: "Connection",
  timeout: "Response time",
  signature: "Request signature",
  identity: "Agent identity",
  policy: "Access policy",
  challenge: "Challenge",
  token_request: "Token request",
  consent: "Your consent",
  rpc: "Agent’s response (JSON-RPC)",
  answer: "Agent’s response",
  internal: "Backend",
};

/** At the access server the resource's owner decides. */
function checkName(check: Check, hop: Hop | undefined): string {
  return check === "consent" && hop === "access-server" ? "The owner’s consent" : checkNames[check];
}

interface FailurePanelProps {
  title: string;
  failure: Failure;
  headingRef?: Ref<HTMLHeadingElement>;
  /** Recovery buttons. */
  children?: ReactNode;
}

/** Shows a failure: the hop, the check, and what to do. */
export function FailurePanel({ title, failure, headingRef, children }: FailurePanelProps) {
  const headingId = useId();
  const { hop, check, code, section, message, advice } = failure;
  const facts: Fact[] = [
    ...(hop ? [{ name: "Where", value: hopNames[hop] }] : []),
    ...(check ? [{ name: "Check", value: checkName(check, hop) }] : []),
    ...(code ? [{ name: "Code", value: <code>{code}</code> }] : []),
    ...(section ? [{ name: "Section", value: section }] : []),
  ];
  return (
    <section
      className="card"
      data-tone="danger"
      role="alert"
      aria-labelledby={headingId}
      data-testid="failure-panel"
    >
      <h2 id={headingId} ref={headingRef} tabIndex={-1}>
        {title}
      </h2>
      <p className="breakable">{message}</p>
      {facts.length > 0 && <Facts className="facts" facts={facts} />}
      {advice && (
        <p>
          <strong>What to do:</strong> {advice}
        </p>
      )}
      {children && <div className="line">{children}</div>}
    </section>
  );
}
