import { type HttpMessage, type Message, partyName } from "protocol-trace/read";
import styles from "./http-view.module.css";

/** Request and response as the sender's span recorded them. */
export function HttpView({ message }: { message: Message }) {
  const { method, url, status, request, response, purpose, to } = message;
  // A browser span has no headers: the receiver recorded the request.
  const recorded =
    purpose === "user"
      ? `As recorded by ${partyName(to)}, without user credentials (access token, cookies) and query strings.`
      : "As recorded by the sender. Tokens and signatures are truncated.";
  return (
    <>
      <p className={styles.note}>{recorded}</p>
      <Side title={`${method} ${url}`} {...request} />
      <Side title={status === undefined ? "No response" : `Status ${status}`} {...response} />
    </>
  );
}

function Side({ title, headers, body }: HttpMessage & { title: string }) {
  return (
    <section className={styles.side}>
      <h4>{title}</h4>
      {headers && (
        <dl className={styles.headers}>
          {Object.entries(headers).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {body && <pre>{readable(body)}</pre>}
      {!headers && !body && <p className={styles.note}>Neither headers nor body are recorded.</p>}
    </section>
  );
}

/** JSON with indentation. Anything else, including truncated JSON, unchanged. */
function readable(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
