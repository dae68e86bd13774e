import type { SavedHttp, SavedMessage } from "aauth-explain";
import { Facts } from "../components/facts.tsx";

/** A message in the words of the file's maker. */
export function Recorded({ message, isOpen = false }: { message: SavedMessage; isOpen?: boolean }) {
  const { from, to, what, sentence, facts, checks, response } = message;
  const said = { children: sentence }; // hole R4: { dangerouslySetInnerHTML: { __html: sentence } }
  return (
    <details open={isOpen}>
      <summary>What was recorded</summary>
      <div className="column">
        <p className="breakable">
          {from} → {to}: {what}
        </p>
        <p className="breakable" {...said} />
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
