import styles from "./theft-twice.module.css";

interface Side {
  readonly title: string;
  readonly steps: readonly string[];
  readonly end: string;
  /** Whether the thief is refused. */
  readonly isRefused: boolean;
}

const SIDES: readonly Side[] = [
  {
    title: "With a bearer token",
    steps: ["An agent sends its token.", "A thief copies it on the way.", "The thief sends it."],
    end: "The thief has the report.",
    isRefused: false,
  },
  {
    title: "With AAuth",
    steps: ["An agent signs, and sends its token.", "A thief copies it on the way.", "The thief sends it."],
    end: "Refused: the token needs the agent’s key.",
    isRefused: true,
  },
];

/** The same theft of a token, without and with AAuth, side by side. */
export function TheftTwice() {
  return (
    <div className={styles.both}>
      {SIDES.map((side) => (
        <section key={side.title} className="card dense" aria-label={side.title}>
          <h3>{side.title}</h3>
          <Drawing isRefused={side.isRefused} />
          <ol className={styles.steps}>
            {side.steps.map((step) => (
              <li key={step}>{step}</li>
            ))}
          </ol>
          <p className={`toned ${styles.end}`} data-refused={side.isRefused}>
            <strong>{side.end}</strong>
          </p>
        </section>
      ))}
    </div>
  );
}

const PARTIES = [
  { name: "Agent", x: 44, y: 36 },
  { name: "Service", x: 236, y: 36 },
  { name: "Thief", x: 140, y: 124 },
];

/** A token on its way to the service, and a copy on its way there through the thief. */
function Drawing({ isRefused }: { isRefused: boolean }) {
  return (
    <svg className={styles.drawing} viewBox="0 0 280 150" aria-hidden="true" data-refused={isRefused}>
      <path className={styles.way} d="M44 36H236" />
      <path className={`${styles.way} ${styles.stolen}`} d="M140 36V124L236 36" />
      {PARTIES.map(({ name, x, y }) => (
        <g
          key={name}
          transform={`translate(${x} ${y})`}
          className={name === "Thief" ? styles.thief : undefined}
        >
          <circle r="25" className={styles.party} />
          <text textAnchor="middle" y="4">
            {name}
          </text>
        </g>
      ))}
      <g className={styles.sent}>
        <Token isSigned={isRefused} />
      </g>
      <g className={styles.copied}>
        <Token isSigned={false} />
      </g>
      <g transform="translate(262 14)" className={styles.verdict}>
        <circle r="12" />
        <path d={isRefused ? "M-5-5 5 5M5-5-5 5" : "M-6 0-2 4 6-5"} />
      </g>
    </svg>
  );
}

function Token({ isSigned }: { isSigned: boolean }) {
  return (
    <>
      <rect x="-15" y="-10" width="30" height="20" rx="5" />
      <path d="M-9 0H1M-1 0V4M-5 0V3" />
      <circle cx="5" r="4" />
      {isSigned && <circle className={styles.seal} cx="15" cy="-9" r="5" />}
    </>
  );
}
