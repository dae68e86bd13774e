import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { TraceStoreError } from "../../api/jaeger-calls.ts";
import { BrandMark } from "../../components/brand-mark.tsx";
import { loadSearch, SearchPage } from "./search-page.tsx";
import { loadTrace, TracePage } from "./trace-page.tsx";
import styles from "./traces-app.module.css";

/** URLs are those of Jaeger: `/trace/{id}`; any other is a search. Links load a new page. */
export function TracesApp() {
  const [view, setView] = useState<ReactNode>();
  useEffect(() => {
    load().then(setView, (error: unknown) => setView(<Problem error={error} />));
  }, []);
  return (
    <>
      <header className={`line ends ${styles.header}`}>
        <a className={`line ${styles.brand}`} href="/">
          <BrandMark /> Traces
        </a>
        <form onSubmit={openTrace} className="line">
          <input
            className={styles.control}
            name="traceId"
            aria-label="Trace id"
            placeholder="Trace id"
            autoComplete="off"
            spellCheck={false}
            pattern="\s*[0-9a-fA-F]{1,32}\s*"
            title="1 to 32 hex digits"
            required
          />
          <button type="submit" className={styles.control}>
            Open
          </button>
        </form>
      </header>
      <main className={styles.main} aria-busy={view === undefined}>
        {view}
      </main>
    </>
  );
}

async function load(): Promise<ReactNode> {
  const [, traceId] = /^\/trace\/(.*)$/.exec(location.pathname) ?? [];
  if (traceId !== undefined) return <TracePage trace={await loadTrace(decodeURIComponent(traceId))} />;
  return <SearchPage search={await loadSearch(new URLSearchParams(location.search))} />;
}

function openTrace(event: FormEvent<HTMLFormElement>): void {
  event.preventDefault();
  const id = new FormData(event.currentTarget).get("traceId");
  location.assign(`/trace/${encodeURIComponent(String(id).trim())}`);
}

function Problem({ error }: { error: unknown }) {
  const isUnknown = error instanceof TraceStoreError && error.status === 404;
  const heading = isUnknown ? "Trace not found" : "The trace store rejected the request";
  useEffect(() => {
    document.title = `${heading} · Traces`;
  }, [heading]);
  return (
    <div className={`card ${styles.panel}`} role="alert">
      <h1>{heading}</h1>
      <p>{isUnknown ? "It does not exist, or the store has deleted it." : (error as Error).message}</p>
      <p>
        <a href="/">Back to the search</a>
      </p>
    </div>
  );
}
