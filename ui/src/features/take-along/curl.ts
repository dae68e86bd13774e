import { fromBase64, type SavedEvidence } from "aauth-explain";
import type { Message } from "protocol-trace/read";

const REFUSED =
  "# A signed request is accepted once, for a minute: sent again, it is refused. npm run explain of the demo reads it.";
export const CUT = "# Values with … are cut in the record: this request cannot be sent as it is.";

/**
 * A message as a curl command line. Whole where the backend keeps it whole, or else from its span,
 * with values cut.
 */
export function curlOf({ method, url, request }: Message, evidence: SavedEvidence | undefined): string {
  const headers = Object.entries(evidence?.headers ?? request.headers ?? {}).filter(
    // curl makes these by itself.
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

/** For a POSIX shell: nothing in it is a character of the shell, but the quote itself. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
