import { type ByDialect, ofDialect } from "aauth-explain/run";
import styles from "./protocol-steps.module.css";

interface Step {
  from: string;
  to: string;
  what: string;
  wire: string;
}

const SIGNED: Step = {
  from: "Backend",
  to: "Supply-chain agent",
  what: "A request signed with the backend’s own key.",
  wire: "Signature-Key · Signature-Input · Signature",
};
const ANSWERED: Step = {
  from: "Supply-chain agent",
  to: "Backend",
  what: "The signature is enough here: the agent verifies it with the backend’s published key, and answers.",
  wire: "200",
};
const BY_AGENT_TOKEN: Step = {
  ...SIGNED,
  what: "A request signed with the backend’s own key, which its agent token names.",
  wire: "Signature-Key: sig=jwt · Signature-Input · Signature",
};
const AGAIN_BY_JWT: Step = {
  ...SIGNED,
  what: "The same request, signed again and sent with the token.",
  wire: "Signature-Key: sig=jwt · 200",
};

const february = (asks: string): readonly Step[] => [
  SIGNED,
  {
    from: "Supply-chain agent",
    to: "Backend",
    what: "A signature is not enough, so the agent responds with a challenge that contains a resource token.",
    wire: "401 · Agent-Auth",
  },
  {
    from: "Backend",
    to: "Auth server",
    what: `The auth server exchanges the resource token for an auth token bound to the backend’s key. ${asks}`,
    wire: "request_type=auth",
  },
  {
    ...SIGNED,
    what: "The same request, signed again and sent with the auth token.",
    wire: "Signature-Key: scheme=jwt · 200",
  },
];

const draft11 = (
  challenge: string,
  requirement: string,
  issues: string,
  wire = "202 · AAuth-Requirement: interaction · 200",
): readonly Step[] => [
  BY_AGENT_TOKEN,
  {
    from: "Supply-chain agent",
    to: "Backend",
    what: challenge,
    wire: `401 · AAuth-Requirement: ${requirement}`,
  },
  { from: "Backend", to: "Person server", what: issues, wire },
  AGAIN_BY_JWT,
];
const WHOM_AND_WHAT =
  "The agent needs to know whom the caller acts for, and then what you allow: it responds with a challenge for each.";

/** Steps by mode, which in February is the authorization scheme. `""`: unknown mode. */
const STEPS: ByDialect<Readonly<Record<string, readonly Step[]>>> = {
  "february-2026": {
    "signature-only": [SIGNED, ANSWERED],
    autonomous: february("It does not ask you."),
    "user-delegated": february("It asks for your consent first."),
    "": february("You may be asked to consent."),
  },
  "draft-11": {
    "agent-identity": [
      BY_AGENT_TOKEN,
      {
        ...ANSWERED,
        what: "The agent token is enough here: the agent verifies token and signature, and answers.",
      },
    ],
    "person-identity": draft11(
      "The agent needs to know whom the caller acts for, so it responds with a challenge.",
      "person-token",
      "Your person server issues a person token bound to the backend’s key. The first time, it asks you on its page.",
    ),
    mission: [
      {
        from: "Backend",
        to: "Person server",
        what: "Before its first call, the backend proposes a mission: a goal, a budget, and the agents that it calls. You approve it once, on your person server’s page.",
        wire: "202 · AAuth-Requirement: interaction · 200 · s256",
      },
      ...draft11(
        WHOM_AND_WHAT,
        "person-token, then auth-token",
        "Your person server issues a token bound to the backend’s key, because your mission names the agent. It does not ask you again.",
        "mission_s256 · 200",
      ),
    ],
    federated: draft11(
      WHOM_AND_WHAT,
      "person-token, then auth-token",
      "Your person server asks the resource’s access server, whose token is bound to the backend’s key. Either may ask a person first.",
    ),
    "": draft11(
      WHOM_AND_WHAT,
      "person-token, then auth-token",
      "Your person server issues a token bound to the backend’s key. It may first ask you on its page, and answer later.",
    ),
  },
};

interface ProtocolStepsProps {
  profile: string | undefined;
  mode?: string | undefined;
}

/** One authorized request in the demo's mode: signed request, challenge, token, signed request. */
export function ProtocolSteps({ profile, mode = "" }: ProtocolStepsProps) {
  const byMode = ofDialect(STEPS, profile);
  const steps = byMode[mode] ?? byMode[""] ?? [];
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
