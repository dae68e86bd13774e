import { compareTexts } from "aauth-explain/run";
import type { BearerExchange } from "backend-api";
import { SENDERS } from "./variant-wording.ts";

/** Complete requests to the bearer twin with their responses. An intruder's changes are marked. */
export function BearerExchanges({ exchanges }: { exchanges: readonly BearerExchange[] }) {
  const [honest] = exchanges;
  return (
    <>
      <p className="note">
        Both requests went to a loopback listener that the backend opened for the attack and closes after five
        minutes. The token is random and valid nowhere else.
      </p>
      <ol className="column">
        {exchanges.map((exchange) => {
          const { sender, response } = exchange;
          return (
            <li key={sender} data-sender={sender}>
              <p className="note">
                <strong>{SENDERS[sender]}</strong>
              </p>
              <pre className="block">{marked(honest!, exchange)}</pre>
              <p className="small">Response</p>
              <pre className="block">
                {response.status} {response.body}
              </pre>
            </li>
          );
        })}
      </ol>
    </>
  );
}

/** The request, with its differences from the honest one marked. */
function marked(honest: BearerExchange, exchange: BearerExchange) {
  const { right } = compareTexts(asText(honest), asText(exchange));
  return right.flatMap((parts, line) => [
    ...(line > 0 ? ["\n"] : []),
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a line never change.
    ...parts.map(({ text, differs }, at) => (differs ? <mark key={`${line}.${at}`}>{text}</mark> : text)),
  ]);
}

function asText({ request: { method, url, headers, body } }: BearerExchange): string {
  const { host, pathname } = new URL(url);
  const fields = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${pathname} HTTP/1.1`, ...fields, ...(body === undefined ? [] : ["", body])].join("\n");
}
