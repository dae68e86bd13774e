import type { ProtocolRun, WaterfallRow } from "protocol-trace/read";
import styles from "./waterfall.module.css";

interface WaterfallProps {
  run: ProtocolRun;
  /** The message that is open: its spans are marked. */
  openId: string | undefined;
  hrefOf: (messageId: string) => string;
}

/** All spans of the run as bars over time, each under the one that caused it. */
export function Waterfall({ run, openId, hrefOf }: WaterfallProps) {
  const total = Math.max(run.endMicros - run.startMicros, 1);
  return (
    <ol className={styles.rows} data-testid="waterfall">
      {run.waterfall.map((row) => (
        <li
          key={row.spanId}
          className={styles.row}
          data-open={row.messageId !== undefined && row.messageId === openId}
        >
          <span className={styles.name} style={{ paddingLeft: Math.min(row.depth, 12) * 10 }}>
            <span className={styles.service} data-service={row.service}>
              {row.service}
            </span>{" "}
            {row.messageId === undefined ? row.name : <a href={hrefOf(row.messageId)}>{row.name}</a>}
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
            {duration(row)}
            {row.status !== undefined && <span className={styles.status}> {row.status}</span>}
          </span>
        </li>
      ))}
    </ol>
  );
}

function duration({ durationMicros }: WaterfallRow): string {
  const ms = durationMicros / 1000;
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}
