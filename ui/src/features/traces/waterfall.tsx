import { type ProtocolRun, partyName, type WaterfallRow } from "protocol-trace/read";
import { Breakable } from "../../components/breakable.tsx";
import { type OutsideCause, outsideCause } from "./outside-cause.ts";
import styles from "./waterfall.module.css";

interface WaterfallProps {
  run: ProtocolRun;
  /** The message that is open: its spans are marked. */
  openId: string | undefined;
  hrefOf: (messageId: string) => string;
}

/** All spans of the run as bars over time, each under the one that caused it, in its party's colour. */
export function Waterfall({ run, openId, hrefOf }: WaterfallProps) {
  const { waterfall } = run;
  const total = Math.max(run.endMicros - run.startMicros, 1);
  const services = [...new Set(waterfall.map(({ service }) => service))];
  const causes = waterfall.map((_, index) => causeOf(waterfall, index));
  const outsides = waterfall.map((row, index) => outsideCause(row, causes[index]));
  return (
    <>
      <ul className={styles.key} aria-label="Services">
        {services.map((service) => (
          <li key={service}>
            <span className={styles.dot} data-service={service} /> {service}
            {partyName(service) !== service && <span className={styles.party}>{partyName(service)}</span>}
          </li>
        ))}
      </ul>
      {outsides.some((outside) => outside !== undefined) && (
        <p className={styles.note}>
          <span className={styles.outsideSample} aria-hidden="true" /> Outside the time of the span that
          caused it: it went on after its answer, or the clocks of two processes differ.
        </p>
      )}
      <ol className={styles.rows} data-testid="waterfall">
        {waterfall.map((row, index) => (
          <li
            key={row.spanId}
            className={styles.row}
            data-open={row.messageId !== undefined && row.messageId === openId}
          >
            <span
              className={styles.name}
              style={{ "--depth": Math.min(row.depth, 14) } as React.CSSProperties}
            >
              <span className={styles.dot} data-service={row.service} aria-hidden="true" />
              {/* Said where it changes; the dot says it everywhere. */}
              <span className={row.service === causes[index]?.service ? styles.spoken : styles.service}>
                {row.service}
              </span>{" "}
              {row.messageId === undefined ? (
                <Breakable text={row.name} />
              ) : (
                <a href={hrefOf(row.messageId)}>
                  <Breakable text={row.name} />
                </a>
              )}
            </span>
            <Bar row={row} outside={outsides[index]} start={run.startMicros} total={total} />
            <span className={styles.time}>
              {row.status !== undefined && (
                <span className={styles.status} data-class={Math.floor(row.status / 100)}>
                  {row.status}
                </span>
              )}{" "}
              {duration(row.durationMicros)}
              {outsides[index] && <span className={styles.spoken}>, {outsideWords(outsides[index])}</span>}
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}

interface BarProps {
  row: WaterfallRow;
  outside: OutsideCause | undefined;
  /** Of the run, in microseconds. */
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
    <span className={styles.track} title={outside && `${duration(durationMicros)}, ${outsideWords(outside)}`}>
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

function outsideWords({ before, after }: OutsideCause): string {
  const parts = [
    ...(before > 0 ? [`${duration(before)} before`] : []),
    ...(after > 0 ? [`${duration(after)} after`] : []),
  ];
  return `${parts.join(" and ")} the span that caused it`;
}

/** The row of the span that caused this one. */
function causeOf(rows: readonly WaterfallRow[], index: number): WaterfallRow | undefined {
  const depth = rows[index]?.depth ?? 0;
  return rows.slice(0, index).findLast((row) => row.depth < depth);
}

function duration(micros: number): string {
  const ms = micros / 1000;
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}
