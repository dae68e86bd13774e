import type { MessageToExplain } from "aauth-explain";
import { ExplainInputError } from "./explain-input-error.ts";
import { collectHeaders, type HeaderLine, urlOfHost } from "./message-parts.ts";

/** A recorded request and when it was sent. */
export interface HarRequest {
  readonly message: MessageToExplain;
  /** Unix seconds; absent if the recording lacks it. */
  readonly sentAt?: number;
}

interface HarContent {
  readonly text?: unknown;
  readonly encoding?: unknown;
}

interface HarEntry {
  readonly startedDateTime?: unknown;
  readonly request?: {
    readonly method?: unknown;
    readonly url?: unknown;
    readonly headers?: unknown;
    readonly postData?: HarContent;
  };
  readonly response?: {
    readonly status?: unknown;
    readonly headers?: unknown;
    readonly content?: HarContent;
  };
}

/**
 * Reads the signed requests of a HAR 1.2 recording.
 *
 * @throws ExplainInputError `not_a_har`, `no_signed_entry`
 */
export function readHar(text: string): HarRequest[] {
  const entries = entriesOf(text);
  const requests = entries.flatMap((entry): HarRequest[] => {
    const { method, url, headers, postData } = entry.request ?? {};
    if (typeof method !== "string" || typeof url !== "string" || !/^https?:\/\//i.test(url)) return [];
    if (!URL.canParse(url)) return [];
    const fields = fieldsOf(headers);
    if (fields["signature-key"] === undefined && fields.signature === undefined) return [];
    const body = bodyOf(postData);
    const response = responseOf(entry.response);
    const sentAt = Math.floor(Date.parse(String(entry.startedDateTime)) / 1000);
    return [
      {
        message: {
          method,
          url: asSent(url, fields.host),
          headers: fields,
          ...(body && { body }),
          ...(response && { response }),
        },
        ...(Number.isFinite(sentAt) && { sentAt }),
      },
    ];
  });
  if (requests.length === 0) {
    throw new ExplainInputError(
      "no_signed_entry",
      `none of the recording's ${entries.length} requests is signed`,
    );
  }
  return requests;
}

function entriesOf(text: string): HarEntry[] {
  try {
    const { log } = JSON.parse(text) as { log?: { entries?: unknown } };
    if (Array.isArray(log?.entries)) return log.entries.filter((entry) => typeof entry === "object" && entry);
  } catch {
    // reported below
  }
  throw new ExplainInputError("not_a_har", "the input is JSON, or begins like it, and not a HAR recording");
}

/**
 * With the name that was sent, because a draft -11 party on this machine is reached at another
 * address.
 */
function asSent(url: string, host: string | undefined): string {
  const { host: connected, pathname, search } = new URL(url);
  return host === undefined || host === connected ? url : urlOfHost(host, `${pathname}${search}`);
}

function responseOf({ status, headers, content }: NonNullable<HarEntry["response"]> = {}) {
  // A request without an answer has status 0.
  if (!Number.isInteger(status) || (status as number) < 100) return undefined;
  const body = bodyOf(content);
  return { status: status as number, headers: fieldsOf(headers), ...(body && { body }) };
}

const fieldsOf = (headers: unknown) =>
  collectHeaders(Array.isArray(headers) ? headers.filter(isHeaderLine) : []);

function bodyOf(postData: HarContent | undefined): Uint8Array | undefined {
  if (typeof postData?.text !== "string" || postData.text === "") return undefined;
  return postData.encoding === "base64"
    ? new Uint8Array(Buffer.from(postData.text, "base64"))
    : new TextEncoder().encode(postData.text);
}

function isHeaderLine(line: unknown): line is HeaderLine {
  const { name, value } = (line ?? {}) as Partial<HeaderLine>;
  // HTTP/2 recordings have ":authority" and the like, which are not fields.
  return typeof name === "string" && typeof value === "string" && !name.startsWith(":");
}
