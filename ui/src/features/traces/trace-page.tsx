import { type ProtocolRun, readProtocolRun, type WaterfallRow } from "aauth-explain/run";
import { useEffect, useState } from "react";
import { getTrace } from "../../api/jaeger-calls.ts";
import { Breakable } from "../../components/breakable.tsx";
import { SpanDetail } from "./span-detail.tsx";
import { TraceFacts } from "./trace-facts.tsx";
import styles from "./traces-app.module.css";
import { Waterfall } from "./waterfall.tsx";

export async function loadTrace(traceId: string): Promise<ProtocolRun> {
  return readProtocolRun([await getTrace(traceId)]);
}

/** One trace as a waterfall with expandable rows. `#span={id}` in the URL opens one. */
export function TracePage({ trace }: { trace: ProtocolRun }) {
  const [root] = trace.waterfall;
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set(spanOfAddress()));
  useEffect(() => {
    if (root !== undefined) document.title = `${root.service}: ${root.name} · Traces`;
    const [spanId = ""] = spanOfAddress();
    document.querySelector(`[data-span="${CSS.escape(spanId)}"]`)?.scrollIntoView({ block: "center" });
  }, [root]);
  if (root === undefined) return null;
  const toggle = ({ spanId }: WaterfallRow) => {
    const isOpen = open.has(spanId);
    setOpen(new Set(isOpen ? [...open].filter((id) => id !== spanId) : [...open, spanId]));
    history.replaceState(null, "", isOpen ? location.pathname : `#span=${spanId}`);
  };
  return (
    <section className={`card ${styles.panel}`} aria-labelledby="trace">
      <h1 id="trace">
        {root.service}: <Breakable text={root.name} />
      </h1>
      <TraceFacts run={trace}>
        <a href={`/api/traces/${root.traceId}`}>JSON</a>
      </TraceFacts>
      <Waterfall
        rows={trace.waterfall}
        startMicros={trace.startMicros}
        endMicros={trace.endMicros}
        renderName={(row, name) => (
          <button
            type="button"
            className={`text-button ${styles.rowButton}`}
            data-span={row.spanId}
            aria-expanded={open.has(row.spanId)}
            onClick={() => toggle(row)}
          >
            {name}
          </button>
        )}
        renderDetail={(row, cause) =>
          open.has(row.spanId) && <SpanDetail row={row} cause={cause} startMicros={trace.startMicros} />
        }
      />
    </section>
  );
}

/** Span ids in the URL: none or one. */
function spanOfAddress(): string[] {
  return new URLSearchParams(location.hash.slice(1)).getAll("span").slice(0, 1);
}
