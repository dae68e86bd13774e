import type { Check, Failure, Hop } from "backend-api";
import { type ReactNode, type Ref, useId } from "react";
import styles from "./failure-panel.module.css";

const hopNames: Record<Hop, string> = {
  backend: "Backend",
  gateway: "Gateway",
  "supply-chain-agent": "Supply-chain agent",
  "auth-server": "Auth server",
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
  rpc: "Agent's answer (JSON-RPC)",
  answer: "Agent's answer",
  internal: "Backend",
};

interface FailurePanelProps {
  title: string;
  failure: Failure;
  headingRef?: Ref<HTMLHeadingElement>;
  /** Buttons to recover. */
  children?: ReactNode;
}

/** A failure: the hop, the check, and what to do. */
export function FailurePanel({ title, failure, headingRef, children }: FailurePanelProps) {
  const headingId = useId();
  const facts: [string, ReactNode][] = [];
  if (failure.hop) facts.push(["Where", hopNames[failure.hop]]);
  if (failure.check) facts.push(["Check", checkNames[failure.check]]);
  if (failure.code) facts.push(["Code", <code key="code">{failure.code}</code>]);
  return (
    <section className={styles.failure} role="alert" aria-labelledby={headingId} data-testid="failure-panel">
      <h2 id={headingId} ref={headingRef} tabIndex={-1}>
        {title}
      </h2>
      <p className={styles.message}>{failure.message}</p>
      {facts.length > 0 && (
        <dl className={styles.facts}>
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {failure.advice && (
        <p className={styles.advice}>
          <strong>What to do:</strong> {failure.advice}
        </p>
      )}
      {children && <div className={styles.actions}>{children}</div>}
    </section>
  );
}
