import { SERVICE_NAME } from "protocol-trace/names";
import type { Message, VerifierSide } from "protocol-trace/read";
import { DEMO_PORTS } from "../../scripts/demo/stack.ts";
import type { RecordedRun, Visit } from "./walkthrough-run.ts";

/** One arrow of a real run: a request or its answer. */
export interface Step {
  readonly from: string;
  readonly to: string;
  readonly isAnswer: boolean;
  readonly micros: number;
  /** Of the request, of an answer that it belongs to. */
  readonly method: string;
  readonly url: string;
  /** Of an answer. */
  readonly status?: number;
  readonly scheme?: string;
  readonly requestType?: string;
  /** Everything recorded of it: headers, body, claims of its tokens. */
  readonly text: string;
}

export const BROWSER = "browser";

/** Everything that went over the wire in a run, as the traces and the browser tell it, in its order. */
export function stepsOf({ protocol, visits }: Pick<RecordedRun, "protocol" | "visits">): Step[] {
  const messages = protocol.messages.filter(({ purpose }) => purpose !== "user");
  return [...messages.flatMap(stepsOfMessage), ...visits.flatMap(stepsOfVisit)].sort(
    (one, other) => one.micros - other.micros,
  );
}

function stepsOfMessage(message: Message): Step[] {
  const { from, to, via, startMicros, endMicros, method, url, status, signer, requestType } = message;
  const asked = JSON.stringify([message.request, signer?.token, message.verifiers.map(({ token }) => token)]);
  const answered = JSON.stringify([
    message.response,
    message.events,
    message.verifiers.map(({ challenge, issuedToken }) => [challenge, issuedToken]),
  ]);
  // Who signs without our agent's help leaves no scheme on the span, but in the header.
  const scheme = signer?.scheme ?? /scheme=(\w+)/.exec(message.request.headers?.["signature-key"] ?? "")?.[1];
  const about = { method, url, scheme, requestType };
  const step = (way: readonly string[], isAnswer: boolean, micros: number): Step[] =>
    way.slice(1).map((receiver, index) => ({
      ...about,
      from: way[index]!,
      to: receiver,
      isAnswer,
      micros: micros + index / 10,
      ...(isAnswer && { status }),
      text: isAnswer ? answered : asked,
    })) as Step[];
  const end = message.stoppedAt ?? to;
  const direct = [from, end];
  const over = via === undefined || via === end ? [] : [from, via, end];
  return [
    ...step(direct, false, startMicros),
    ...step(over, false, startMicros),
    ...message.verifiers.flatMap((gate, index) => discovery(gate, startMicros + index + 1, from)),
    ...step([...direct].reverse(), true, endMicros),
    ...step([...over].reverse(), true, endMicros),
  ];
}

/** A gate that found the key by discovery has read two documents of the agent before it went on. */
function discovery({ keySource, party }: VerifierSide, micros: number, owner: string): Step[] {
  if (keySource !== "discovery") return [];
  return ["/.well-known/aauth-agent", "/jwks.json"].flatMap((path, index) => {
    const step = { method: "GET", url: `http://${owner}${path}`, text: "", micros: micros + index / 10 };
    return [
      { ...step, from: party, to: owner, isAnswer: false },
      { ...step, from: owner, to: party, isAnswer: true, status: 200 },
    ];
  });
}

/** What goes to an agent's address goes to the gateway; whether it goes further is for the status to say. */
function stepsOfVisit(visit: Visit): Step[] {
  const { method, url, status, location, startMicros, endMicros, body, answer } = visit;
  const party = partyAt(url);
  if (party === undefined) return [];
  const parties = party === SERVICE_NAME.supplyChainAgent ? [SERVICE_NAME.gateway, party] : [party];
  const about = { method, url };
  return parties.flatMap((to) => [
    { ...about, from: BROWSER, to, isAnswer: false, micros: startMicros, text: `${url} ${body}` },
    {
      ...about,
      from: to,
      to: BROWSER,
      isAnswer: true,
      micros: endMicros,
      status,
      text: `${location} ${answer}`,
    },
  ]);
}

function partyAt(url: string): string | undefined {
  const { hostname, port } = new URL(url);
  if (hostname.startsWith("supply-chain-agent.")) return SERVICE_NAME.supplyChainAgent;
  if (port === String(DEMO_PORTS.backend)) return SERVICE_NAME.backend;
  return port === String(DEMO_PORTS.authServer) ? SERVICE_NAME.authServer : undefined;
}
