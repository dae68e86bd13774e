import {
  fromBase64,
  type SavedFact,
  type SavedHttp,
  type SavedMessage,
  type SavedVerdict,
} from "aauth-explain";
import { element } from "./elements.ts";

const STATES: Readonly<Record<SavedVerdict["state"], string>> = {
  verified: "✓ verified here",
  refused: "✕ refused here",
  recorded: "as recorded",
};

export const stateInWords = (state: SavedVerdict["state"]): string => STATES[state];

interface Place {
  readonly number: number;
  readonly nameOf: (party: string) => string;
}

/** All that the file has of a message. What was verified here and what was recorded stand apart. */
export function messageDetail(message: SavedMessage, verdict: SavedVerdict, place: Place): HTMLElement {
  const { from, to, what, evidence } = message;
  return element(
    "div",
    {},
    element("h2", {}, `${place.number}. ${what}`),
    element("p", { class: "way" }, `${place.nameOf(from)} → ${place.nameOf(to)}`),
    verdictOf(verdict),
    evidence === undefined
      ? recorded(message)
      : element("div", {}, proven(message, verdict), folded("What was recorded", recorded(message))),
  );
}

function verdictOf({ state, reason, atSeconds, tokenExpiresAt }: SavedVerdict): HTMLElement {
  const when = atSeconds === undefined ? "" : time(atSeconds);
  const expiry =
    tokenExpiresAt === undefined
      ? ""
      : tokenExpiresAt <= Date.now() / 1000
        ? ` Its token has expired since, ${time(tokenExpiresAt)}.`
        : ` Its token may still be valid for its key, until ${time(tokenExpiresAt)}.`;
  const words = {
    verified: `Verified in this browser: signature, body and token are those that were signed. It was valid at ${when}.${expiry}`,
    refused: `Refused in this browser, whatever was recorded. ${reason ?? ""}`,
    recorded:
      "Not verified again: the file does not have this message whole. It shows what its receiver recorded.",
  };
  return element("p", { class: "verdict", "data-state": state }, words[state]);
}

function proven({ evidence }: SavedMessage, { explanation }: SavedVerdict): HTMLElement {
  const { method, url, headers, body, keys } = evidence!;
  const { checks = [], tokens = [], signatureBase, key } = explanation ?? {};
  const signedBy = key?.thumbprint === undefined ? [] : [{ name: "Signed by key", value: key.thumbprint }];
  const published = keys.map(({ id, jwk }) => ({ name: `Key ${String(jwk.kid ?? "")} of`, value: id }));
  return element(
    "div",
    {},
    element("h3", {}, "Checks made here"),
    element(
      "ul",
      { class: "checks" },
      ...checks.map(({ name, verdict, reason, section }) =>
        element(
          "li",
          { "data-verdict": verdict },
          `${SIGNS[verdict]} ${name}${reason === undefined ? "" : `: ${reason}`} `,
          element("small", {}, section),
        ),
      ),
    ),
    factList([...signedBy, ...published]),
    ...tokens.map(({ where, claims = {} }) => folded(`Token in ${where}`, block(indented(claims)))),
    folded("Signature base", block(signatureBase?.ours ?? signatureBase?.problem ?? "It cannot be built.")),
    folded("Request", http({ start: `${method} ${url}`, headers: fieldsOf(headers), body: readable(body) })),
  );
}

const SIGNS = { passed: "✓", failed: "✕", skipped: "–" } as const;

function recorded({
  sentence,
  facts,
  checks,
  request,
  response,
  status,
  outcome,
}: SavedMessage): HTMLElement {
  return element(
    "div",
    {},
    element("p", {}, sentence),
    factList([
      ...facts,
      { name: "Recorded outcome", value: status === undefined ? outcome : `${outcome}, status ${status}` },
    ]),
    checks.length > 0 &&
      folded(
        "Checks that were recorded",
        element(
          "ul",
          { class: "checks" },
          ...checks.map(({ party, name, verdict, reason }) =>
            element("li", {}, `${party}: ${name} ${verdict}${reason === undefined ? "" : `: ${reason}`}`),
          ),
        ),
      ),
    request && folded("Request, with values cut", http(request)),
    response && folded("Response, with values cut", http(response)),
  );
}

const fieldsOf = (headers: Readonly<Record<string, string>>): SavedFact[] =>
  Object.entries(headers).map(([name, value]) => ({ name, value }));

const factList = (facts: readonly SavedFact[]) =>
  element(
    "dl",
    {},
    ...facts.flatMap(({ name, value }) => [element("dt", {}, name), element("dd", {}, value)]),
  );

const block = (text: string) => element("pre", { tabindex: "0" }, text);

const http = ({ start, headers, body }: SavedHttp) =>
  block([start, ...headers.map(({ name, value }) => `${name}: ${value}`), "", body ?? ""].join("\n").trim());

const folded = (title: string, content: HTMLElement) =>
  element("details", {}, element("summary", {}, title), content);

const indented = (value: unknown) => JSON.stringify(value, null, 2);

function readable(body: string): string {
  try {
    return new TextDecoder().decode(fromBase64(body));
  } catch {
    return "(It cannot be read.)";
  }
}

export const time = (seconds: number): string => new Date(seconds * 1000).toLocaleString();
