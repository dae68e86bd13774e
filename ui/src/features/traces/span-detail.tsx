import type { Attributes, WaterfallRow } from "protocol-trace/read";
import { formatDuration } from "../../components/format-time.ts";
import { outsideCause, outsideWords } from "./outside-cause.ts";
import styles from "./traces-app.module.css";

interface SpanDetailProps {
  row: WaterfallRow;
  cause: WaterfallRow | undefined;
  /** Of the trace. */
  startMicros: number;
}

/** All stored data of a span. */
export function SpanDetail({ row, cause, startMicros }: SpanDetailProps) {
  const outside = outsideCause(row, cause);
  return (
    <div className={styles.detail} data-testid="span-detail">
      <p className={styles.soft}>
        Span <code>{row.spanId}</code>, {formatDuration(row.startMicros - startMicros)} after the trace began.
        {row.parentId !== undefined && row.depth === 0 && " Its parent has not been received."}
        {outside && ` ${outsideWords(outside)}.`}
      </p>
      <AttributeList attributes={row.attributes} />
      {row.events.map(({ name, timeMicros, attributes: { event: _name, ...attributes } }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: events of a span that does not change
        <section key={index}>
          <h2>
            {name} <span className={styles.soft}>at {formatDuration(timeMicros - startMicros)}</span>
          </h2>
          <AttributeList attributes={attributes} />
        </section>
      ))}
    </div>
  );
}

function AttributeList({ attributes }: { attributes: Attributes }) {
  return (
    <dl className={styles.attributes}>
      {Object.entries(attributes).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{readable(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** JSON with indentation, everything else as it is. */
function readable(value: Attributes[string]): string {
  if (typeof value !== "string" || !/^[[{]/.test(value)) return String(value);
  try {
    return JSON.stringify(JSON.parse(value), null, 2);
  } catch {
    return value;
  }
}
