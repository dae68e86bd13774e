import { fromBase64, type SavedEvidence } from "aauth-explain";
import type { Message } from "aauth-explain/run";

const REFUSED =
  "# A signed request is accepted once, within a minute. Sent again, it is refused. npm run explain of the demo reads it.";
export const CUT = "# Values with … are truncated in the record, so this request cannot be sent as is.";

/**
 * A message as a curl command line: complete if the backend still has the complete request,
 * otherwise from its span with truncated values.
 */
export function curlOf({ method, url, request }: Message, evidence: SavedEvidence | undefined): string {
  const headers = Object.entries(evidence?.headers ?? request.headers ?? {}).filter(
    // curl adds these itself.
    ([name]) => name !== "host" && name !== "content-length",
  );
  const body = evidence === undefined ? request.body : new TextDecoder().decode(fromBase64(evidence.body));
  const command = [
    `curl -i -X ${method} ${quoted(url)}`,
    ...headers.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === undefined || body === "" ? [] : [`--data-raw ${quoted(body)}`]),
  ].join(" \\\n  ");
  return [REFUSED, ...(command.includes("…") ? [CUT] : []), command, ""].join("\n");
}

/** Quotes for a POSIX shell, where only the quote itself is special within single quotes. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
