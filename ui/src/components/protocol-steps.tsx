import styles from "./protocol-steps.module.css";

const steps = [
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
];

/** One authorized request as four messages: signed request, challenge, auth token, signed request. */
export function ProtocolSteps() {
  return (
    <ol className={styles.steps}>
      {steps.map(({ from, to, what, wire }) => (
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
