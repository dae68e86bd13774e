import { type Message, type ProtocolRun, partyName } from "protocol-trace/read";
import { type ReactNode, useEffect, useId, useMemo, useRef, useState } from "react";
import styles from "./compare-runs.module.css";
import { headOf } from "./heads.ts";
import { type ComparedRow, compareRuns } from "./rows.ts";

interface CompareRunsProps {
  february: ProtocolRun;
  draft11: ProtocolRun;
  /** A message in full, below its row. */
  renderMessage: (run: ProtocolRun, message: Message) => ReactNode;
}

/** Two runs of the same task side by side, a row for each purpose. One message is open at a time. */
export function CompareRuns({ february, draft11, renderMessage }: CompareRunsProps) {
  const rows = useMemo(() => compareRuns(february, draft11), [february, draft11]);
  const [open, setOpen] = useState<Message | undefined>(undefined);
  const toggle = (message: Message) => setOpen(open === message ? undefined : message);
  return (
    <ol className={styles.rows}>
      {rows.map((row, index) => (
        <li key={row.id}>
          <Row {...{ row, open, toggle }} number={index + 1}>
            {open && row.february.includes(open) && renderMessage(february, open)}
            {open && row.draft11.includes(open) && renderMessage(draft11, open)}
          </Row>
        </li>
      ))}
    </ol>
  );
}

interface RowProps {
  row: ComparedRow;
  number: number;
  open: Message | undefined;
  toggle: (message: Message) => void;
  /** The open message, if it is of this row. */
  children: ReactNode;
}

function Row({ row, number, open, toggle, children }: RowProps) {
  const { title, changed, february, draft11 } = row;
  const [headingId, detailId] = [useId(), useId()];
  const detail = useRef<HTMLDivElement>(null);
  // On a narrow page the message lies below both sides.
  const isOpen = open !== undefined && [...february, ...draft11].includes(open);
  useEffect(() => {
    if (isOpen && window.matchMedia("(max-width: 760px)").matches) detail.current?.scrollIntoView();
  }, [isOpen]);
  const shared = { open, toggle, detailId };
  return (
    <section className={`card column ${styles.row}`} aria-labelledby={headingId}>
      <div>
        <h2 id={headingId}>
          {number}. {title}
        </h2>
        <p className={`note ${styles.changed}`}>{changed}</p>
      </div>
      <div className={styles.sides}>
        <Side name="February 2026" messages={february} others={draft11} {...shared} />
        <Side name="Draft -11" messages={draft11} others={february} {...shared} />
      </div>
      <div id={detailId} ref={detail} className={styles.detail}>
        {children}
      </div>
    </section>
  );
}

interface SideProps extends Pick<RowProps, "open" | "toggle"> {
  name: string;
  messages: readonly Message[];
  others: readonly Message[];
  detailId: string;
}

function Side({ name, messages, others, open, toggle, detailId }: SideProps) {
  return (
    <div className={styles.side}>
      <h3 className="small">{name}</h3>
      {messages.length === 0 && <p className={`note ${styles.none}`}>No such message.</p>}
      {messages.map((message, index) => (
        <article key={message.id} className={styles.message} data-current={message === open || undefined}>
          <button
            type="button"
            className={styles.opener}
            aria-expanded={message === open}
            aria-controls={detailId}
            onClick={() => toggle(message)}
          >
            <strong>
              {message.number}. {partyName(message.from)} <span aria-hidden="true">→</span>
              <span className="spoken"> to </span> {partyName(message.to)}
            </strong>
            <span className="chips small">
              <span>{message.what}</span>
              <span className="toned" data-outcome={message.outcome}>
                {message.status ?? "browser"}
              </span>
              <span className={styles.more}>{message === open ? "Close" : "Open"}</span>
            </span>
          </button>
          <dl className={styles.head}>
            {headOf(message, others[index]).map(({ name: field, parts }) => (
              <div key={field}>
                <dt>{field}</dt>
                <dd>
                  {parts.map(({ text, differs }, part) =>
                    // biome-ignore lint/suspicious/noArrayIndexKey: the parts never change
                    differs ? <mark key={part}>{text}</mark> : text,
                  )}
                </dd>
              </div>
            ))}
          </dl>
        </article>
      ))}
    </div>
  );
}
