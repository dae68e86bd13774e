import { type ProtocolRun, readProtocolRun, visibleText } from "aauth-explain/run";
import { findTraces, getOperations, getServices } from "../../api/jaeger-calls.ts";
import { Breakable } from "../../components/breakable.tsx";
import { TraceFacts } from "./trace-facts.tsx";
import styles from "./traces-app.module.css";
import { ServiceKey } from "./waterfall.tsx";

const DEFAULT_LIMIT = "20";
const ERRORS_ONLY = '{"error":"true"}';

interface Search {
  services: string[];
  operations: string[];
  service: string;
  /** Conditions in the URL besides the service: parameters of Jaeger's query API. */
  conditions: [name: string, value: string][];
  /** Newest first. */
  runs: ProtocolRun[];
}

/** Runs the search in a URL, created by this page or for Jaeger. */
export async function loadSearch(parameters: URLSearchParams): Promise<Search> {
  const service = parameters.get("service") ?? "";
  const conditions = [...parameters].filter(([name, value]) => name !== "service" && value !== "");
  const services = await getServices();
  const operations = service === "" ? [] : await getOperations(service);
  const limit = parameters.get("limit") ?? DEFAULT_LIMIT;
  const searched = service === "" ? services : [service];
  const traces = await findTraces(searched, [["limit", limit], ...conditions]);
  const runs = traces
    .map((trace) => readProtocolRun([trace]))
    .sort((one, other) => other.startMicros - one.startMicros)
    .slice(0, Number(limit));
  return { services, operations, service, conditions, runs };
}

export function SearchPage({ search }: { search: Search }) {
  const { runs, conditions } = search;
  const shown = ["operation", "tags", "limit"];
  const further = conditions.filter(([name, value]) => !shown.includes(name) || isOtherTag(name, value));
  return (
    <>
      <SearchForm search={search} />
      <section className={`card ${styles.panel}`} aria-labelledby="found">
        <h1 id="found">Traces</h1>
        <p role="status" className="small">
          {statusOf(search)}
          {further.length > 0 && (
            <> Further conditions: {further.map(([name, value]) => `${name}=${value}`).join(", ")}.</>
          )}
        </p>
        <ol className="ruled" data-testid="traces">
          {runs.map((run) => (
            <TraceItem key={run.traceIds[0]} run={run} />
          ))}
        </ol>
      </section>
    </>
  );
}

/** A native form, so that the search is in the URL and can be linked to. */
function SearchForm({ search: { services, operations, service, conditions } }: { search: Search }) {
  const given = new Map(conditions);
  return (
    <form className={`line ${styles.fields}`} action="/search" aria-label="Search">
      <label className="small">
        Service
        <select
          className={styles.control}
          name="service"
          defaultValue={service}
          onChange={({ currentTarget: { form } }) => {
            // Another service has other operations.
            form?.querySelector("[name=operation]")?.remove();
            form?.requestSubmit();
          }}
        >
          <option value="">all services</option>
          {services.map((name) => (
            <Choice key={name} name={name} />
          ))}
        </select>
      </label>
      {service !== "" && (
        <label className="small">
          Operation
          <select className={styles.control} name="operation" defaultValue={given.get("operation") ?? ""}>
            <option value="">any</option>
            {operations.map((name) => (
              <Choice key={name} name={name} />
            ))}
          </select>
        </label>
      )}
      <label className={`small ${styles.check}`}>
        <input
          type="checkbox"
          name="tags"
          value={ERRORS_ONLY}
          defaultChecked={given.get("tags") === ERRORS_ONLY}
        />
        Only with errors
      </label>
      <button type="submit" className={styles.control}>
        Find traces
      </button>
    </form>
  );
}

function Choice({ name }: { name: string }) {
  return <option value={name}>{visibleText(name)}</option>;
}

function TraceItem({ run }: { run: ProtocolRun }) {
  const [root] = run.waterfall;
  if (root === undefined) return null;
  return (
    <li>
      <a href={`/trace/${root.traceId}`}>
        <strong>{root.service}</strong> <Breakable text={root.name} />
      </a>
      <TraceFacts run={run} />
      <ServiceKey rows={run.waterfall} />
    </li>
  );
}

const isOtherTag = (name: string, value: string) => name === "tags" && value !== ERRORS_ONLY;

function statusOf({ services, runs }: Search): string {
  if (services.length === 0) return "No spans received yet. Run a service that sends OTLP/HTTP, then reload.";
  if (runs.length === 0) return "No trace matches this search.";
  return `${runs.length} ${runs.length === 1 ? "trace" : "traces"}, newest first.`;
}
