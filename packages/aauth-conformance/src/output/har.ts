import type { Exchange } from "../suite/target.ts";
import type { Report } from "./report.ts";

/** Exchanges of a run as HAR 1.2. A comment names the check. */
export function harText({ results }: Report): string {
  const entries = results.flatMap((result) =>
    result.exchanges.map((exchange) => entryOf(exchange, `${result.id}: ${result.verdict}`)),
  );
  const creator = { name: "aauth-conformance", version: "0.1.0" };
  return `${JSON.stringify({ log: { version: "1.2", creator, entries } })}\n`;
}

function entryOf({ at, ms, message, answer }: Exchange, comment: string): object {
  const { method, authority, target, fields, body } = message;
  const pair = ([name, value]: readonly [string, string]) => ({ name, value });
  const answerFields = Object.entries(answer?.fields ?? {});
  const typeOf = (lines: readonly (readonly [string, string])[]) =>
    lines.find(([name]) => name === "content-type")?.[1] ?? "";
  return {
    startedDateTime: new Date(at).toISOString(),
    time: ms,
    comment,
    request: {
      method,
      url: `https://${authority}${target}`,
      httpVersion: "HTTP/1.1",
      headers: [pair(["host", authority]), ...fields.map(pair)],
      queryString: [],
      cookies: [],
      headersSize: -1,
      bodySize: Buffer.byteLength(body ?? ""),
      ...(body !== undefined && { postData: { mimeType: typeOf(fields), text: body } }),
    },
    response: {
      status: answer?.status ?? 0,
      statusText: "",
      httpVersion: "HTTP/1.1",
      headers: answerFields.map(pair),
      cookies: [],
      content: {
        size: Buffer.byteLength(answer?.body ?? ""),
        mimeType: typeOf(answerFields),
        text: answer?.body ?? "",
      },
      redirectURL: answer?.fields.location ?? "",
      headersSize: -1,
      bodySize: -1,
    },
    cache: {},
    timings: { send: 0, wait: ms, receive: 0 },
  };
}
