import type { SavedHttp, SavedMessage } from "aauth-explain";
import { Facts } from "../components/facts.tsx";
import { asText } from "../features/explain/saved-run.ts";

/** What the file's maker says about a message. */
export function Recorded({ message, isOpen = false }: { message: SavedMessage; isOpen?: boolean }) {
  const { from, to, what, sentence, facts, checks, response } = message;
  return (
    <details open={isOpen}>
      <summary>What was recorded</summary>
      <div className="column">
        <p className="breakable">
          {from} → {to}: {what}
        </p>
        <p className="breakable" {...asText(sentence)} />
        <Facts className="table" facts={facts} />
        {checks.length > 0 && (
          <ul className="small">
            {checks.map(({ party, name, verdict, reason }, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes
              <li key={at} className="breakable">
                {party}: {name} {verdict}
                {reason !== undefined && `: ${reason}`}
              </li>
            ))}
          </ul>
        )}
        {response && <HttpText {...response} />}
      </div>
    </details>
  );
}

/** A recorded request or response. */
export function HttpText({ start, headers, body = "" }: SavedHttp) {
  const lines = headers.map(({ name, value }) => `${name}: ${value}`);
  return <pre className="block">{[start, ...lines, "", body].join("\n").trim()}</pre>;
}
