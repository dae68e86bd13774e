import type { ExplainedToken, Explanation, MessageToExplain, SavedMessage } from "aauth-explain";
import {
  type Message,
  type ProtocolRun,
  readSignatureInput,
  readSignatureKey,
  type TracedToken,
} from "aauth-explain/run";

const OUTCOMES = { accepted: "accepted", refused: "refused", undecided: "pending" } as const;
const VERDICTS = { accepted: "passed", refused: "refused", undecided: "undecided" } as const;

/** An explained message in the form of the protocol view, as if this page were its receiver. */
export function messageOf(
  explanation: Explanation,
  { method, url, headers, body, response }: MessageToExplain,
): Message {
  const { verdict, parties, checks, code, key, signatureBase, tokens, caller, profile } = explanation;
  const fields = textFields(headers);
  const signed = readSignatureKey(fields["signature-key"] ?? "");
  const input = readSignatureInput(fields["signature-input"] ?? "");
  const created = Number(input?.parameters.find(({ name }) => name === "created")?.value);
  const components = input?.components ?? [];
  const party = parties.signer ?? "the sender";
  const signedWith = tokens.find(({ where }) => where === "signature-key");
  const inAnswer = tokens.find(({ where }) => where !== "signature-key" && !where.startsWith("body"));
  return {
    ...BLANK,
    from: party,
    to: parties.receiver,
    method,
    url,
    what: `${method} ${explanation.request.target}`,
    status: response?.status,
    outcome: OUTCOMES[verdict],
    request: { headers: fields, body: textOf(body) },
    response: { headers: response && textFields(response.headers), body: textOf(response?.body) },
    signer: {
      party,
      profile,
      scheme: signed?.scheme,
      components,
      ...(Number.isFinite(created) && { created }),
      thumbprint: key?.thumbprint,
      token: signedWith && tracedToken(signedWith),
      bodyTokens: Object.fromEntries(
        tokens
          .filter(({ where }) => where.startsWith("body, "))
          .map((token) => [token.where.slice("body, ".length), tracedToken(token)]),
      ),
    },
    verifiers: [
      {
        party: "This page",
        spanId: "here",
        verdict: VERDICTS[verdict],
        checks: checks.map(({ name, verdict: found, reason, section }) =>
          verdict === "undecided" && found === "failed"
            ? { name, section, verdict: "skipped", reason: `It cannot be made: ${reason}` }
            : { name, section, verdict: found, reason },
        ),
        components,
        base: signatureBase.ours,
        profile,
        agentLevel: caller?.level,
        agentId: caller?.agent ?? caller?.server,
        keySource: key?.source,
        thumbprint: key?.thumbprint,
        errorCode: verdict === "undecided" ? undefined : code,
        challenge: inAnswer && { status: response?.status ?? 0, resource_token: tracedToken(inAnswer) },
      },
    ],
  };
}

/** A message of a saved run as the file has it, with nothing proven. */
export function emptyMessage({ from, to, what, checks, request, response, status }: SavedMessage): Message {
  const side = (http: typeof request) =>
    http && {
      headers: Object.fromEntries(http.headers.map(({ name, value }) => [name, value])),
      body: http.body,
    };
  const [method = "", url = ""] = request?.start.split(" ") ?? [];
  const parties = [...new Set(checks.map(({ party }) => party))];
  return {
    ...BLANK,
    from,
    to,
    method,
    url,
    what,
    status,
    request: side(request) ?? {},
    response: side(response) ?? {},
    verifiers: parties.map((party) => {
      const made = checks.filter((check) => check.party === party);
      return {
        party: `${party}, as recorded`,
        spanId: party,
        verdict: made.some(({ verdict }) => verdict === "failed") ? "refused" : "passed",
        components: [],
        checks: made.map(({ name, verdict, reason }) => ({
          name,
          verdict: verdict as "passed",
          reason,
          section: "",
        })),
      };
    }),
  };
}

const BLANK: Message = {
  id: "message",
  traceId: "",
  number: 1,
  from: "",
  to: "",
  startMicros: 0,
  endMicros: 0,
  method: "",
  url: "",
  what: "",
  outcome: "pending",
  purpose: "resource",
  isReceived: true,
  request: {},
  response: {},
  verifiers: [],
  events: [],
};

/** A run of one message. */
export const runOf = (message: Message): ProtocolRun => ({
  traceIds: [],
  parties: [],
  messages: [message],
  waterfall: [],
  startMicros: 0,
  endMicros: 0,
});

const tracedToken = ({ where, header, claims, problem }: ExplainedToken): TracedToken => ({
  kind: String(header?.typ ?? problem ?? "opaque"),
  id: typeof claims?.jti === "string" ? claims.jti : where,
  header,
  claims,
});

const textFields = (headers: MessageToExplain["headers"]): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), [value].flat().join(", ")]],
    ),
  );

const textOf = (body: Uint8Array | undefined): string | undefined =>
  body?.length ? new TextDecoder().decode(body) : undefined;
