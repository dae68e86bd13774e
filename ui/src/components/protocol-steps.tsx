import { type ByDialect, ofDialect } from "protocol-trace/by-dialect";
import styles from "./protocol-steps.module.css";

interface Step {
  from: string;
  to: string;
  what: string;
  wire: string;
}

const STEPS: ByDialect<readonly Step[]> = {
  "february-2026": [
    {
      from: "Backend",
      to: "Supply-chain agent",
      what: "A request signed with the backend’s own key.",
      wire: "Signature-Key · Signature-Input · Signature",
    },
    {
      from: "Supply-chain agent",
      to: "Backend",
      what: "A signature is not enough, so the agent responds with a challenge that contains a resource token.",
      wire: "401 · Agent-Auth",
    },
    {
      from: "Backend",
      to: "Auth server",
      what: "The auth server exchanges the resource token for an auth token bound to the backend’s key. You may be asked to consent.",
      wire: "request_type=auth",
    },
    {
      from: "Backend",
      to: "Supply-chain agent",
      what: "The same request, signed again and sent with the auth token.",
      wire: "Signature-Key: scheme=jwt · 200",
    },
  ],
  "draft-11": [
    {
      from: "Backend",
      to: "Supply-chain agent",
      what: "A request signed with the backend’s own key, which its agent token names.",
      wire: "Signature-Key: sig=jwt · Signature-Input · Signature",
    },
    {
      from: "Supply-chain agent",
      to: "Backend",
      what: "The agent needs to know for whom it is, and then what you allow: it responds with a challenge, once for each.",
      wire: "401 · AAuth-Requirement: person-token, then auth-token",
    },
    {
      from: "Backend",
      to: "Person server",
      what: "Your server issues a token bound to the backend’s key. It may answer later, and ask you first on its page.",
      wire: "202 · AAuth-Requirement: interaction · 200",
    },
    {
      from: "Backend",
      to: "Supply-chain agent",
      what: "The same request, signed again and sent with the token.",
      wire: "Signature-Key: sig=jwt · 200",
    },
  ],
};

/** One authorized request as four messages: signed request, challenge, auth token, signed request. */
export function ProtocolSteps({ profile }: { profile: string | undefined }) {
  return (
    <ol className={styles.steps}>
      {ofDialect(STEPS, profile).map(({ from, to, what, wire }) => (
        <li key={what}>
          <h3>
            {from} <span aria-hidden="true">→</span>
            <span className="spoken"> to </span> {to}
          </h3>
          <p className="note">{what}</p>
          <code className="small">{wire}</code>
        </li>
      ))}
    </ol>
  );
}
