import {
  type Message,
  type ProtocolRun,
  partyName,
  readableClaims,
  type TracedToken,
  tokenPurpose,
} from "aauth-explain/run";
import { Facts } from "../../components/facts.tsx";
import { TokenBindingPicture } from "./token-binding-picture.tsx";

/** A token of a message and its role in it. */
export interface PlacedToken {
  token: TracedToken;
  place: string;
}

interface TokenListProps {
  run: ProtocolRun;
  message: Message;
  /** Result of {@link tokensOf}. */
  tokens: readonly PlacedToken[];
}

/** The decoded tokens of request and response, with the keys that they are bound to. */
export function TokenList({ run, message, tokens }: TokenListProps) {
  return (
    <div className="column">
      {tokens.map(({ token, place }) => (
        <section className="column" key={token.id} aria-label={`${token.kind} ${token.id}`}>
          <h4>
            {place} <code>{token.id}</code>
          </h4>
          <p className="note">{tokenPurpose(token.kind)}</p>
          <TokenBindingPicture run={run} message={message} token={token} />
          {token.claims && (
            <Facts
              className="table"
              isCode
              facts={[...headerRows(token), ...readableClaims(token.kind, token.claims)]}
            />
          )}
        </section>
      ))}
    </div>
  );
}

function headerRows({ header = {} }: TracedToken) {
  return [
    ...(typeof header.typ === "string" ? [{ name: "typ", value: header.typ, meaning: "token type" }] : []),
    ...(typeof header.alg === "string"
      ? [{ name: "alg", value: header.alg, meaning: "signature algorithm" }]
      : []),
  ];
}

/** The tokens of a message, each once. */
export function tokensOf({ signer, verifiers, events, from }: Message): PlacedToken[] {
  const placed: [TracedToken | undefined, string][] = [
    [signer?.token, `Sent by ${partyName(from)} in Signature-Key:`],
    ...Object.entries(signer?.bodyTokens ?? {}).map(([name, token]): (typeof placed)[number] => [
      token,
      `In the body, as ${name}:`,
    ]),
    ...verifiers.flatMap(({ party, token, upstreamToken, challenge, issuedToken }): typeof placed => [
      [upstreamToken, "Upstream token: the caller’s auth token"],
      [token, `Received by ${partyName(party)} in Signature-Key:`],
      [challenge?.resource_token, "In the response: resource token"],
      [issuedToken, `Issued by ${partyName(party)}:`],
    ]),
    ...events.map(({ token }): [TracedToken | undefined, string] => [token, "In the response:"]),
  ];
  const seen = new Set<string>();
  return placed.flatMap(([token, place]) => {
    if (token === undefined || seen.has(token.id)) return [];
    seen.add(token.id);
    return [{ token, place }];
  });
}
