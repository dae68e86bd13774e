import { isRecord } from "../run/trace-span.ts";
import { fromBase64 } from "../saved-run-file.ts";
import { collectHeaders, type HeaderLine, type RecordedMessage, urlOfHost } from "./http-parts.ts";
import { InputError } from "./input-error.ts";
import { isMission, readMission } from "./mission.ts";
import { isTrace, readTrace } from "./trace.ts";

/**
 * Creator of the recordings that a gate keeps. The address in them is the receiver's, whatever
 * their Host field names.
 */
export const KEPT_BY = "aauth-explain";

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
    readonly bodySize?: unknown;
    readonly postData?: HarContent;
  };
  readonly response?: {
    readonly status?: unknown;
    readonly headers?: unknown;
    readonly content?: HarContent;
  };
}

/**
 * Reads the signed requests of JSON: a HAR 1.2 recording, one of its entries, a trace, or a
 * mission.
 *
 * @throws InputError `not_a_har`, `no_signed_entry`, `mission_damaged`
 */
export function readJson(text: string): RecordedMessage[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // reported below
  }
  if (isMission(json)) return readMission(json);
  return isTrace(json) ? readTrace(json) : readHar(json);
}

function readHar(json: unknown): RecordedMessage[] {
  const { entries, creator } = logOf(json);
  const requests = entries.flatMap((entry): RecordedMessage[] => {
    const { method, url, headers, bodySize, postData } = entry.request ?? {};
    if (typeof method !== "string" || typeof url !== "string" || !/^https?:\/\//i.test(url)) return [];
    if (!URL.canParse(url)) return [];
    const fields = fieldsOf(headers);
    if (!["signature-key", "signature-input", "signature"].some((name) => name in fields)) return [];
    const body = bodyOf(postData);
    const response = responseOf(entry.response);
    // A recorder may leave out a body: then its size is not known, or Content-Length has it.
    const isBodyMissing =
      body === undefined && (bodySize === -1 || Number(fields["content-length"] ?? 0) > 0);
    const sentAt = Math.floor(Date.parse(String(entry.startedDateTime)) / 1000);
    return [
      {
        message: {
          method,
          url: creator === KEPT_BY ? url : asSent(url, fields.host),
          headers: fields,
          ...(body && { body }),
          ...(response && { response }),
        },
        ...(Number.isFinite(sentAt) && { sentAt }),
        ...(isBodyMissing && { isBodyMissing }),
      },
    ];
  });
  if (requests.length === 0) {
    throw new InputError("no_signed_entry", `none of the recording's ${entries.length} requests is signed`);
  }
  return requests;
}

function logOf(json: unknown): { readonly entries: readonly HarEntry[]; readonly creator?: unknown } {
  const { log, request } = isRecord(json) ? json : {};
  if (isRecord(request)) return { entries: [json as HarEntry] };
  if (!isRecord(log) || !Array.isArray(log.entries))
    throw new InputError(
      "not_a_har",
      "the input is JSON, or begins like it, and not a HAR recording or a trace",
    );
  const entries = log.entries.filter((entry) => typeof entry === "object" && entry);
  return { entries, creator: isRecord(log.creator) ? log.creator.name : undefined };
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
  if (postData.encoding !== "base64") return new TextEncoder().encode(postData.text);
  try {
    return fromBase64(postData.text);
  } catch {
    return undefined;
  }
}

function isHeaderLine(line: unknown): line is HeaderLine {
  const { name, value } = (line ?? {}) as Partial<HeaderLine>;
  // HTTP/2 recordings have ":authority" and the like, which are not fields.
  return typeof name === "string" && typeof value === "string" && !name.startsWith(":");
}
