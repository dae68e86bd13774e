import { partyName, type WaterfallRow } from "aauth-explain/run";
import type { ReactNode } from "react";
import { Breakable } from "../../components/breakable.tsx";
import { formatDuration } from "../../components/format-time.ts";
import { type OutsideCause, outsideCause, outsideWords } from "./outside-cause.ts";
import styles from "./waterfall.module.css";

interface WaterfallProps {
  rows: readonly WaterfallRow[];
  /** Time range of the bars, in Unix microseconds. */
  startMicros: number;
  endMicros: number;
  /** Message whose rows are highlighted. */
  openMessageId?: string | undefined;
  /** Wraps a row's name in the row's control. */
  renderName: (row: WaterfallRow, name: ReactNode) => ReactNode;
  /** Content below the row. */
  renderDetail?: (row: WaterfallRow, cause: WaterfallRow | undefined) => ReactNode;
}

/** Spans as bars over time, each below the span that caused it, in its party's colour. */
export function Waterfall(props: WaterfallProps) {
  const { rows, startMicros, endMicros, openMessageId, renderName, renderDetail } = props;
  const total = Math.max(endMicros - startMicros, 1);
  const causes = rows.map((_, index) => causeOf(rows, index));
  const outsides = rows.map((row, index) => outsideCause(row, causes[index]));
  return (
    <>
      <ServiceKey rows={rows} />
      {outsides.some((outside) => outside !== undefined) && (
        <p className="small">
          <span className={styles.outsideSample} aria-hidden="true" /> Extends beyond the span that caused it:
          work continued after the response, or the processes’ clocks differ.
        </p>
      )}
      <ol className={styles.rows} data-testid="waterfall">
        {rows.map((row, index) => (
          <li key={`${row.traceId} ${row.spanId}`}>
            <div
              className={styles.row}
              data-current={row.messageId !== undefined && row.messageId === openMessageId}
            >
              <span
                className={styles.name}
                style={{ "--depth": Math.min(row.depth, 14) } as React.CSSProperties}
              >
                <span className={styles.dot} data-service={row.service} aria-hidden="true" />
                {/* Names the service where it changes. Every row has the service's dot. */}
                <span className={row.service === causes[index]?.service ? "spoken" : styles.service}>
                  {row.service}{" "}
                </span>
                {renderName(row, <Breakable text={row.name} />)}
              </span>
              <Bar row={row} outside={outsides[index]} start={startMicros} total={total} />
              <span className={styles.time}>
                {/* Omits `passed`, the usual case. */}
                {row.verdict !== undefined && row.verdict !== "passed" && `${row.verdict} `}
                {row.status !== undefined && (
                  <strong className="toned" data-class={Math.floor(row.status / 100)}>
                    {row.status}
                  </strong>
                )}{" "}
                {formatDuration(row.durationMicros)}
                {row.isError && <span className="spoken">, failed</span>}
                {outsides[index] && <span className="spoken">, {outsideWords(outsides[index])}</span>}
              </span>
            </div>
            {renderDetail?.(row, causes[index])}
          </li>
        ))}
      </ol>
    </>
  );
}

/** The legend. */
export function ServiceKey({ rows }: Pick<WaterfallProps, "rows">) {
  const services = [...new Set(rows.map(({ service }) => service))];
  return (
    <ul className="chips small" aria-label="Services">
      {services.map((service) => (
        <li key={service}>
          <span className={styles.dot} data-service={service} /> {service}
          {partyName(service) !== service && ` (${partyName(service)})`}
        </li>
      ))}
    </ul>
  );
}

interface BarProps {
  row: WaterfallRow;
  outside: OutsideCause | undefined;
  /** Start of the run, in microseconds. */
  start: number;
  total: number;
}

function Bar({ row, outside, start, total }: BarProps) {
  const { startMicros, durationMicros, service, isError } = row;
  const { before = 0, after = 0 } = outside ?? {};
  const place = (from: number, length: number) => ({
    left: `${((from - start) / total) * 100}%`,
    width: `${(length / total) * 100}%`,
  });
  return (
    <span
      className={styles.track}
      title={outside && `${formatDuration(durationMicros)}, ${outsideWords(outside)}`}
    >
      {outside && (
        <span className={styles.outside} data-service={service} style={place(startMicros, durationMicros)} />
      )}
      <span
        className={styles.bar}
        data-error={isError}
        data-service={service}
        style={place(startMicros + before, durationMicros - before - after)}
      />
    </span>
  );
}

/** Row of the span that caused this one. */
function causeOf(rows: readonly WaterfallRow[], index: number): WaterfallRow | undefined {
  const depth = rows[index]?.depth ?? 0;
  return rows.slice(0, index).findLast((row) => row.depth < depth);
}
