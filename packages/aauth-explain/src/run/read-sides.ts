import {
  ATTRIBUTE,
  EVENT,
  type TracedChallenge,
  type TracedCheck,
  type TracedToken,
} from "./attribute-names.ts";
import { columnOf } from "./parties.ts";
import type { HttpMessage, RunEvent, SignerSide, Verdict, VerifierSide } from "./protocol-run.ts";
import {
  type Attributes,
  booleanAttribute,
  isRecord,
  jsonAttribute,
  listAttribute,
  numberAttribute,
  type TraceSpan,
  textAttribute,
} from "./trace-span.ts";

/** Excludes events of libraries, which are not about the protocol. */
const PROTOCOL_EVENTS: ReadonlySet<string> = new Set(Object.values(EVENT));

/** Reads the signature from a signed attempt's span. */
export function readSigner({ service, attributes }: TraceSpan): SignerSide {
  return {
    party: columnOf(service),
    profile: textAttribute(attributes, ATTRIBUTE.signatureProfile),
    components: listAttribute(attributes, ATTRIBUTE.signatureComponents) ?? [],
    scheme: textAttribute(attributes, ATTRIBUTE.signatureScheme),
    label: textAttribute(attributes, ATTRIBUTE.signatureLabel),
    base: textAttribute(attributes, ATTRIBUTE.signatureBase),
    created: numberAttribute(attributes, ATTRIBUTE.signatureCreated),
    thumbprint: textAttribute(attributes, ATTRIBUTE.signatureThumbprint),
    kid: textAttribute(attributes, ATTRIBUTE.signatureKid),
    token: readToken(jsonAttribute(attributes, ATTRIBUTE.tokenSent)),
    bodyTokens: readTokens(jsonAttribute(attributes, ATTRIBUTE.tokensInBody)),
  };
}

/** Reads the verdict from a verifier's span. */
export function readVerifier({ service, instance, spanId, attributes }: TraceSpan): VerifierSide {
  return {
    party: columnOf(service),
    replica: instance,
    spanId,
    verdict: readVerdict(textAttribute(attributes, ATTRIBUTE.verdict)),
    checks: readChecks(jsonAttribute(attributes, ATTRIBUTE.checks)),
    components: listAttribute(attributes, ATTRIBUTE.verifiedComponents) ?? [],
    scheme: textAttribute(attributes, ATTRIBUTE.verifiedScheme),
    label: textAttribute(attributes, ATTRIBUTE.verifiedLabel),
    base: textAttribute(attributes, ATTRIBUTE.verifiedBase),
    created: numberAttribute(attributes, ATTRIBUTE.verifiedCreated),
    profile: textAttribute(attributes, ATTRIBUTE.verifiedProfile),
    bodyBound: booleanAttribute(attributes, ATTRIBUTE.bodyBound),
    keySource: textAttribute(attributes, ATTRIBUTE.keySource),
    thumbprint: textAttribute(attributes, ATTRIBUTE.verifiedThumbprint),
    requiredLevel: textAttribute(attributes, ATTRIBUTE.requiredLevel),
    requiredScope: textAttribute(attributes, ATTRIBUTE.requiredScope),
    agentLevel: textAttribute(attributes, ATTRIBUTE.agentLevel),
    agentId: textAttribute(attributes, ATTRIBUTE.agentId),
    agentDelegate: textAttribute(attributes, ATTRIBUTE.agentDelegate),
    userSub: textAttribute(attributes, ATTRIBUTE.userSub),
    token: readToken(jsonAttribute(attributes, ATTRIBUTE.tokenReceived)),
    upstreamToken: readToken(jsonAttribute(attributes, ATTRIBUTE.upstreamToken)),
    issuedToken: readToken(jsonAttribute(attributes, ATTRIBUTE.tokenIssued)),
    challenge: readChallenge(jsonAttribute(attributes, ATTRIBUTE.challenge)),
    errorCode: textAttribute(attributes, ATTRIBUTE.errorCode),
    requestType: textAttribute(attributes, ATTRIBUTE.requestType),
  };
}

/** Headers and body of one side of an exchange, if the span has them. */
export function readHttp(attributes: Attributes, headers: string, body: string): HttpMessage {
  return {
    headers: readHeaders(jsonAttribute(attributes, headers)),
    body: textAttribute(attributes, body),
  };
}

export function readEvents({ events }: TraceSpan): RunEvent[] {
  return events
    .filter(({ name }) => PROTOCOL_EVENTS.has(name))
    .map(({ name, timeMicros, attributes }) => {
      const { event: _name, resource_token, token, ...facts } = attributes;
      const shown = jsonAttribute(attributes, token === undefined ? "resource_token" : "token");
      return { name, timeMicros, facts, token: readToken(shown) };
    });
}

function readVerdict(text: string | undefined): Verdict {
  return text === "passed" || text === "challenged" ? text : "refused";
}

function readChecks(value: unknown): TracedCheck[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isRecord).flatMap(({ name, verdict, reason, section }) => {
    if (typeof name !== "string" || !isCheckVerdict(verdict)) return [];
    return [{ name, verdict, reason: string(reason), section: string(section) ?? "" }];
  });
}

function isCheckVerdict(value: unknown): value is TracedCheck["verdict"] {
  return value === "passed" || value === "failed" || value === "skipped";
}

function readToken(value: unknown): TracedToken | undefined {
  if (!isRecord(value) || typeof value.kind !== "string") return undefined;
  const { kind, id, header, claims } = value;
  return {
    kind,
    id: string(id) ?? "",
    header: isRecord(header) ? header : undefined,
    claims: isRecord(claims) ? claims : undefined,
  };
}

function readTokens(value: unknown): Record<string, TracedToken> | undefined {
  if (!isRecord(value)) return undefined;
  const tokens = Object.entries(value).flatMap(([name, member]): [string, TracedToken][] => {
    const token = readToken(member);
    return token === undefined ? [] : [[name, token]];
  });
  return Object.fromEntries(tokens);
}

function readChallenge(value: unknown): TracedChallenge | undefined {
  if (!isRecord(value)) return undefined;
  return {
    status: typeof value.status === "number" ? value.status : 0,
    level: string(value.level),
    auth_server: string(value.auth_server),
    resource_token: readToken(value.resource_token),
  };
}

function readHeaders(value: unknown): Record<string, string> | undefined {
  if (!isRecord(value)) return undefined;
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

function string(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
