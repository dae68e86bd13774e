import { type HttpMessage, type Message, partyName } from "aauth-explain/run";
import { Facts } from "../../components/facts.tsx";
import { indentedJson } from "../../components/indented-json.ts";

/** Request and response, with where they come from. Default: recorded on the sender's span. */
export function HttpView({ message, source }: { message: Message; source?: string | undefined }) {
  const { method, url, status, request, response, purpose, to } = message;
  // A browser span has no headers: the receiver recorded the request.
  const recorded =
    purpose === "user"
      ? `As recorded by ${partyName(to)}, without user credentials (access token, cookies) and query strings.`
      : "As recorded by the sender. Tokens and signatures are truncated.";
  return (
    <div className="column">
      <p className="small">{source ?? recorded}</p>
      <Side title={`${method} ${url}`} {...request} />
      <Side title={status === undefined ? "No response" : `Status ${status}`} {...response} />
    </div>
  );
}

function Side({ title, headers, body }: HttpMessage & { title: string }) {
  const facts = Object.entries(headers ?? {}).map(([name, value]) => ({ name, value }));
  return (
    <section>
      <h4 className="mono breakable">{title}</h4>
      {headers && <Facts className="table mono" facts={facts} />}
      {body && <pre className="block">{indentedJson(body)}</pre>}
      {!headers && !body && <p className="small">Neither headers nor body are recorded.</p>}
    </section>
  );
}
