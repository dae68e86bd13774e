import { type ProtocolRun, partyName, type WaterfallRow } from "protocol-trace/read";
import { Breakable } from "../../components/breakable.tsx";
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
              <span
                className={row.service === serviceAbove(waterfall, index) ? styles.spoken : styles.service}
              >
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
            <span className={styles.track}>
              <span
                className={styles.bar}
                data-error={row.isError}
                data-service={row.service}
                style={{
                  left: `${((row.startMicros - run.startMicros) / total) * 100}%`,
                  width: `${(row.durationMicros / total) * 100}%`,
                }}
              />
            </span>
            <span className={styles.time}>
              {row.status !== undefined && (
                <span className={styles.status} data-class={Math.floor(row.status / 100)}>
                  {row.status}
                </span>
              )}{" "}
              {duration(row)}
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}

/** The service of the span that caused this one. */
function serviceAbove(rows: readonly WaterfallRow[], index: number): string | undefined {
  const depth = rows[index]?.depth ?? 0;
  return rows.slice(0, index).findLast((row) => row.depth < depth)?.service;
}

function duration({ durationMicros }: WaterfallRow): string {
  const ms = durationMicros / 1000;
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}
