import { type Message, type ProtocolRun, partyName } from "aauth-explain/run";
import { type ReactNode, useEffect, useId, useMemo, useRef, useState } from "react";
import { pollGroups, pollLabel } from "../../components/poll-groups.ts";
import styles from "./compare-runs.module.css";
import { countsOf, otherTask, type RunCounts } from "./counts.ts";
import { headOf } from "./heads.ts";
import { type ComparedRow, compareRuns, sameTask } from "./rows.ts";

interface CompareRunsProps {
  february: ProtocolRun;
  draft11: ProtocolRun;
  /** Side with the user's own run. Default: both are recordings. */
  own?: "february" | "draft11" | undefined;
  /** Renders a message in full, below its row. */
  renderMessage: (run: ProtocolRun, message: Message) => ReactNode;
}

/**
 * Two runs of the same task side by side, with a row for each purpose. One message is open at a
 * time.
 */
export function CompareRuns({ february, draft11, own, renderMessage }: CompareRunsProps) {
  const rows = useMemo(() => {
    const all = compareRuns(february, draft11);
    return own === undefined ? all : sameTask(all, own);
  }, [february, draft11, own]);
  const messagesOf = (side: "february" | "draft11") => rows.flatMap((row) => row[side]);
  const [open, setOpen] = useState<Message | undefined>(undefined);
  const [isOnlyChanges, setOnlyChanges] = useState(false);
  const toggle = (message: Message) => setOpen(open === message ? undefined : message);
  const nameOf = (name: string, side: "february" | "draft11") =>
    own === undefined ? name : `${name}, ${own === side ? "your run" : "recorded"}`;
  const names = { february: nameOf("February 2026", "february"), draft11: nameOf("Draft -11", "draft11") };
  const caution = own && (own === "february" ? otherTask(february, draft11) : otherTask(draft11, february));
  return (
    <>
      {caution && (
        <p className="outcome" data-tone="waiting">
          {caution}
        </p>
      )}
      <Summary
        rows={rows}
        names={names}
        counts={{ february: countsOf(messagesOf("february")), draft11: countsOf(messagesOf("draft11")) }}
      >
        <button type="button" aria-pressed={isOnlyChanges} onClick={() => setOnlyChanges(!isOnlyChanges)}>
          Only what changed
        </button>
      </Summary>
      <ol className={styles.rows}>
        {rows
          .map((row, index) => ({ row, number: index + 1 }))
          .filter(({ row }) => !isOnlyChanges || isChanged(row))
          .map(({ row, number }) => (
            <li key={row.id}>
              <Row
                row={row}
                names={names}
                isOnlyChanges={isOnlyChanges}
                open={open}
                toggle={toggle}
                number={number}
              >
                {open && row.february.includes(open) && renderMessage(february, open)}
                {open && row.draft11.includes(open) && renderMessage(draft11, open)}
              </Row>
            </li>
          ))}
      </ol>
    </>
  );
}

type Names = Readonly<Record<"february" | "draft11", string>>;

interface SummaryProps {
  rows: readonly ComparedRow[];
  names: Names;
  counts: Readonly<Record<"february" | "draft11", RunCounts>>;
  children: ReactNode;
}

/** Summary of both runs in numbers. */
function Summary({ rows, names, counts, children }: SummaryProps) {
  const added = rows.filter(({ february }) => february.length === 0).length;
  const gone = rows.filter(({ draft11 }) => draft11.length === 0).length;
  const inBoth = rows.length - added - gone;
  const line = ({ messages, signed, tokens }: RunCounts) =>
    `${messages} messages, ${signed} of them signed by an agent; ${tokens} ${tokens === 1 ? "token" : "tokens"}.`;
  return (
    <section className="card column" aria-label="Summary" data-testid="compare-summary">
      <dl className={styles.counts}>
        {(["february", "draft11"] as const).map((side) => (
          <div key={side}>
            <dt>{names[side]}</dt>
            <dd>{line(counts[side])}</dd>
          </div>
        ))}
      </dl>
      <p>
        {inBoth} steps are in both, {added} only in draft -11
        {gone > 0 && `, ${gone} only in February 2026`}.
      </p>
      <div className="line picks">{children}</div>
    </section>
  );
}

interface RowProps {
  row: ComparedRow;
  names: Names;
  /** Whether to omit header fields that are the same on both sides. */
  isOnlyChanges: boolean;
  number: number;
  open: Message | undefined;
  toggle: (message: Message) => void;
  /** The open message, if it belongs to this row. */
  children: ReactNode;
}

function Row({ row, names, isOnlyChanges, number, open, toggle, children }: RowProps) {
  const { title, changed, february, draft11 } = row;
  const [headingId, detailId] = [useId(), useId()];
  const detail = useRef<HTMLDivElement>(null);
  // On a narrow page the message is below both sides.
  const isOpen = open !== undefined && [...february, ...draft11].includes(open);
  useEffect(() => {
    if (isOpen && window.matchMedia("(max-width: 760px)").matches) detail.current?.scrollIntoView();
  }, [isOpen]);
  const shared = { isOnlyChanges, open, toggle, detailId };
  return (
    <section className={`card column ${styles.row}`} aria-labelledby={headingId}>
      <div>
        <h2 id={headingId}>
          {number}. {title}
        </h2>
        <p className={`note ${styles.changed}`}>{changed}</p>
      </div>
      <div className={styles.sides}>
        <Side name={names.february} messages={february} others={draft11} {...shared} />
        <Side name={names.draft11} messages={draft11} others={february} {...shared} />
      </div>
      <div id={detailId} ref={detail} className={styles.detail}>
        {children}
      </div>
    </section>
  );
}

interface SideProps extends Pick<RowProps, "isOnlyChanges" | "open" | "toggle"> {
  name: string;
  messages: readonly Message[];
  others: readonly Message[];
  detailId: string;
}

function Side({ name, messages, others, isOnlyChanges, open, toggle, detailId }: SideProps) {
  const shown = folded(messages);
  const counterparts = folded(others);
  return (
    <div className={styles.side}>
      <h3 className="small">{name}</h3>
      {messages.length === 0 && <p className={`note ${styles.none}`}>No such message.</p>}
      {shown.map(({ message, polls }, index) => (
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
              <span>{polls ?? message.what}</span>
              <span className="toned" data-outcome={message.outcome}>
                {message.status ?? "browser"}
              </span>
              <span className={styles.more}>{message === open ? "Close" : "Open"}</span>
            </span>
          </button>
          <dl className={styles.head}>
            {shownLines(message, counterparts[index]?.message, isOnlyChanges).map(
              ({ name: field, parts, isChanged }) => (
                <div key={field} data-changed={isChanged || undefined}>
                  <dt>{field}</dt>
                  <dd>
                    {parts.map(({ text, differs }, part) =>
                      // biome-ignore lint/suspicious/noArrayIndexKey: the parts never change
                      differs ? <mark key={part}>{text}</mark> : text,
                    )}
                  </dd>
                </div>
              ),
            )}
          </dl>
        </article>
      ))}
    </div>
  );
}

/** The first of several polls stands for all of them. */
function folded(messages: readonly Message[]) {
  const groups = pollGroups(messages);
  const hidden = new Set(groups.flatMap(([, ...later]) => later));
  return messages
    .filter((message) => !hidden.has(message))
    .map((message) => {
      const group = groups.find(([first]) => first === message);
      return { message, polls: group && pollLabel(group) };
    });
}

/** A message without a counterpart is new and shown in full. */
function shownLines(message: Message, other: Message | undefined, isOnlyChanges: boolean) {
  const lines = headOf(message, other);
  return isOnlyChanges && other ? lines.filter(({ isChanged }) => isChanged) : lines;
}

function isChanged({ february, draft11 }: ComparedRow): boolean {
  const differs = (sides: readonly Message[], others: readonly Message[]) =>
    sides.some((message, index) => headOf(message, others[index]).some((line) => line.isChanged));
  return february.length !== draft11.length || differs(february, draft11) || differs(draft11, february);
}
