import type { Attributes, WaterfallRow } from "aauth-explain/run";
import { Facts } from "../../components/facts.tsx";
import { formatDuration } from "../../components/format-time.ts";
import { indentedJson } from "../../components/indented-json.ts";
import { outsideCause, outsideWords } from "./outside-cause.ts";
import styles from "./traces-app.module.css";

interface SpanDetailProps {
  row: WaterfallRow;
  cause: WaterfallRow | undefined;
  /** Start time of the trace. */
  startMicros: number;
}

/** All stored data of a span. */
export function SpanDetail({ row, cause, startMicros }: SpanDetailProps) {
  const outside = outsideCause(row, cause);
  return (
    <div className={styles.detail} data-testid="span-detail">
      <p className="small">
        Span <code>{row.spanId}</code>, {formatDuration(row.startMicros - startMicros)} after the trace began.
        {row.parentId !== undefined && row.depth === 0 && " Its parent has not been received."}
        {outside && ` ${outsideWords(outside)}.`}
      </p>
      <AttributeList attributes={row.attributes} />
      {row.events.map(({ name, timeMicros, attributes: { event: _name, ...attributes } }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: events of a span that does not change
        <section key={index}>
          <h2>
            {name} <span className="small">at {formatDuration(timeMicros - startMicros)}</span>
          </h2>
          <AttributeList attributes={attributes} />
        </section>
      ))}
    </div>
  );
}

function AttributeList({ attributes }: { attributes: Attributes }) {
  const facts = Object.entries(attributes).map(([name, value]) => ({
    name,
    value: indentedJson(String(value)),
  }));
  return <Facts className={`table ${styles.attributes}`} facts={facts} />;
}
