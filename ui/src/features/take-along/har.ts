import type { HttpMessage, Message, ProtocolRun } from "aauth-explain/run";

const CUT = "Values with … are truncated: only the first characters of tokens and signatures are recorded.";

/** The requests of a run as a HAR 1.2 recording, from its spans. */
export function harOf({ messages }: ProtocolRun): string {
  const entries = messages.filter(({ signer }) => signer !== undefined).map(entryOf);
  const creator = { name: "AAuth full demo", version: "1" };
  return JSON.stringify({ log: { version: "1.2", creator, comment: CUT, entries } }, null, 2);
}

function entryOf({ method, url, status, startMicros, endMicros, request, response, what }: Message) {
  const isCut = JSON.stringify([request, response]).includes("…");
  const ms = Math.max(0, (endMicros - startMicros) / 1000);
  const common = { httpVersion: "HTTP/1.1", cookies: [], headersSize: -1, bodySize: -1 };
  return {
    startedDateTime: new Date(startMicros / 1000).toISOString(),
    time: ms,
    request: {
      method,
      url,
      ...common,
      queryString: [],
      headers: linesOf(request),
      ...(request.body !== undefined && { postData: { mimeType: typeOf(request), text: request.body } }),
    },
    response: {
      status: status ?? 0,
      statusText: "",
      ...common,
      redirectURL: "",
      headers: linesOf(response),
      content: {
        size: -1,
        mimeType: typeOf(response),
        ...(response.body !== undefined && { text: response.body }),
      },
    },
    cache: {},
    timings: { send: 0, wait: ms, receive: 0 },
    comment: isCut ? `${what}. ${CUT}` : what,
  };
}

const linesOf = ({ headers = {} }: HttpMessage) =>
  Object.entries(headers).map(([name, value]) => ({ name, value }));

const typeOf = ({ headers }: HttpMessage): string => headers?.["content-type"] ?? "";
