import {
  damaged,
  MAX_ATTACKS,
  MAX_MESSAGES,
  type SavedAttack,
  type SavedBearerSide,
  type SavedCheck,
  type SavedEvidence,
  type SavedExchange,
  type SavedFact,
  type SavedHttp,
  type SavedMessage,
  type SavedProtocol,
  type SavedRun,
  SavedRunError,
  tooLarge,
} from "./saved-run.ts";

type Members = Readonly<Record<string, unknown>>;

/**
 * The data of a file as a run. Members that a run does not have are left out.
 *
 * @throws SavedRunError
 */
export function checkedRun(data: unknown): SavedRun {
  const { format, version, requestId, savedAt, protocol, parties, messages, attacks } = membersOf(
    data,
    "the run",
  );
  if (format !== "aauth-saved-run")
    throw new SavedRunError("not_a_saved_run", "its data is not a run that the demo has saved");
  if (version !== 2)
    throw new SavedRunError("saved_run_version", "only version 2 of saved runs is known here");
  return {
    format,
    version,
    requestId: textOf(requestId, "requestId"),
    savedAt: numberOf(savedAt, "savedAt"),
    protocol: checkedProtocol(protocol),
    parties: listOf(parties, "parties").map((party) => {
      const { id, name } = membersOf(party, "a party");
      return { id: textOf(id, "id"), name: textOf(name, "name") };
    }),
    messages: listOf(messages, "messages", MAX_MESSAGES).map(checkedMessage),
    attacks: listOf(attacks, "attacks", MAX_ATTACKS).map(checkedAttack),
  };
}

function checkedProtocol(data: unknown): SavedProtocol {
  const { version, mode } = membersOf(data, "protocol");
  return {
    version: textOf(version, "version"),
    ...(mode !== undefined && { mode: textOf(mode, "mode") }),
  };
}

function checkedAttack(data: unknown): SavedAttack {
  const { title, what, aauth, bearer } = membersOf(data, "an attack");
  return {
    title: textOf(title, "title"),
    what: textOf(what, "what"),
    aauth: checkedMessage(aauth),
    ...(bearer !== undefined && { bearer: checkedBearerSide(bearer) }),
  };
}

function checkedBearerSide(data: unknown): SavedBearerSide {
  const { status, outcome, exchanges } = membersOf(data, "a bearer side");
  return {
    status: numberOf(status, "status"),
    outcome: textOf(outcome, "outcome"),
    exchanges: listOf(exchanges, "exchanges").map((exchange): SavedExchange => {
      const { sender, request, response } = membersOf(exchange, "an exchange");
      return {
        sender: textOf(sender, "sender"),
        request: checkedHttp(request),
        response: checkedHttp(response),
      };
    }),
  };
}

function checkedMessage(data: unknown): SavedMessage {
  const message = membersOf(data, "a message");
  const { status, request, response, evidence } = message;
  const text = (name: string) => textOf(message[name], name);
  return {
    from: text("from"),
    to: text("to"),
    startMs: numberOf(message.startMs, "startMs"),
    what: text("what"),
    sentence: text("sentence"),
    outcome: text("outcome"),
    ...(status !== undefined && { status: numberOf(status, "status") }),
    facts: factsOf(message.facts, "facts"),
    checks: listOf(message.checks, "checks").map(checkedCheck),
    ...(request !== undefined && { request: checkedHttp(request) }),
    ...(response !== undefined && { response: checkedHttp(response) }),
    ...(evidence !== undefined && { evidence: checkedEvidence(evidence) }),
  };
}

function checkedCheck(data: unknown): SavedCheck {
  const { party, name, verdict, reason } = membersOf(data, "a check");
  return {
    party: textOf(party, "party"),
    name: textOf(name, "name"),
    verdict: textOf(verdict, "verdict"),
    ...(reason !== undefined && { reason: textOf(reason, "reason") }),
  };
}

function checkedHttp(data: unknown): SavedHttp {
  const { start, headers, body } = membersOf(data, "a request");
  return {
    start: textOf(start, "start"),
    headers: factsOf(headers, "headers"),
    ...(body !== undefined && { body: textOf(body, "body") }),
  };
}

function checkedEvidence(data: unknown): SavedEvidence {
  const evidence = membersOf(data, "evidence");
  const text = (name: string) => textOf(evidence[name], name);
  const headers = Object.entries(membersOf(evidence.headers, "headers"));
  return {
    method: text("method"),
    url: text("url"),
    endpoint: text("endpoint"),
    body: text("body"),
    headers: Object.fromEntries(headers.map(([name, value]) => [name, textOf(value, name)])),
    keys: listOf(evidence.keys, "keys").map((key) => {
      const { id, jwk } = membersOf(key, "a key");
      return { id: textOf(id, "id"), jwk: membersOf(jwk, "jwk") };
    }),
  };
}

const factsOf = (data: unknown, what: string): SavedFact[] =>
  listOf(data, what).map((fact) => {
    const { name, value } = membersOf(fact, what);
    return { name: textOf(name, "name"), value: textOf(value, "value") };
  });

function membersOf(data: unknown, what: string): Members {
  if (typeof data !== "object" || data === null || Array.isArray(data)) throw damaged(`${what} is no object`);
  return data as Members;
}

function listOf(data: unknown, what: string, most = Number.POSITIVE_INFINITY): readonly unknown[] {
  if (!Array.isArray(data)) throw damaged(`${what} is no list`);
  if (data.length > most) throw tooLarge();
  return data;
}

function textOf(data: unknown, what: string): string {
  if (typeof data !== "string") throw damaged(`${what} is no text`);
  return data;
}

function numberOf(data: unknown, what: string): number {
  if (typeof data !== "number" || !Number.isFinite(data)) throw damaged(`${what} is no number`);
  return data;
}
