import { MAX_INPUT_BYTES } from "aauth-explain";
import { useRef, useState } from "react";
import { AskedOrigins, type WantedDocument } from "./ask-origins.ts";
import { type Findings, readFindings } from "./read-findings.ts";

/** What the receiver expects, as typed; empty for the message's own claims. */
export interface Expected {
  readonly keys: string;
  readonly audience: string;
  readonly issuer: string;
  readonly level: string;
  readonly scope: string;
  /** `now`, or empty for the time of the record or the signature. */
  readonly at: string;
}

/** Result of the last input. */
export interface Result extends Partial<Findings> {
  /** Reason why the input cannot be explained. */
  readonly problem?: string;
  /** Whether the input is to be removed from the page. */
  readonly isSecret?: boolean;
  readonly wanted: readonly WantedDocument[];
}

const TOO_LARGE = `input_too_large: an input has at most ${MAX_INPUT_BYTES / 1_000_000} MB. Save the one request that was refused, for example as curl.`;

/** Explains inputs, one at a time; the result of an earlier one is dropped. */
export function useExplanation() {
  const [result, setResult] = useState<Result>();
  const [isBusy, setBusy] = useState(false);
  const count = useRef(0);
  const [allowed] = useState(() => new Set<string>());
  const [read] = useState(() => new Map<string, Uint8Array>());

  const explain = async (input: string | Blob, expected: Expected): Promise<Result> => {
    const number = ++count.current;
    setBusy(true);
    const asked = new AskedOrigins(allowed, read);
    const onFound = (found: Findings) => {
      if (number !== count.current) return false;
      setResult({ ...found, wanted: [...asked.wanted.values()] });
      return true;
    };
    const found = await resultOf(input, expected, asked, onFound).catch(problemOf);
    if (number === count.current) {
      setResult(found);
      setBusy(false);
    }
    return found;
  };
  return { result, isBusy, explain, allow: (origin: string) => allowed.add(origin) };
}

async function resultOf(
  input: string | Blob,
  expected: Expected,
  asked: AskedOrigins,
  onFound: (found: Findings) => boolean,
): Promise<Result> {
  // A file is not even read then.
  const size = typeof input === "string" ? input.length : input.size;
  if (size > MAX_INPUT_BYTES) return { problem: TOO_LARGE, wanted: [] };
  const text = typeof input === "string" ? input : await input.text();
  const { keys, audience, issuer, level, scope, at } = expected;
  const words = (typed: string) => typed.split(/\s+/).filter((word) => word !== "");
  const documents = keys.split(/(?<=\})\s*\n\s*\n\s*(?=\{)/).filter((part) => part.trim() !== "");
  const options = {
    ...(audience.trim() && { audience: audience.trim() }),
    ...(level.trim() && { level: level.trim() }),
    ...(at && { at }),
    issuers: words(issuer),
    scopes: words(scope),
    discovery: asked.discovery,
  };
  const explained = await readFindings(text, { ...options, keys: documents }, onFound);
  const directories = explained.findings.flatMap(({ verdict, message: { signer } }) =>
    verdict === "Undecided" && signer?.profile === "web-bot-auth" ? directoryOf(signer.party) : [],
  );
  const given: string[] = [];
  for (const url of new Set(directories)) {
    const document = await asked.document(url);
    if (document !== undefined) given.push(document);
  }
  const whole =
    given.length === 0
      ? explained
      : await readFindings(text, { ...options, keys: [...documents, ...given] }, onFound);
  return { ...whole, wanted: [...asked.wanted.values()] };
}

/** Address of the keys of a Web Bot Auth signer. */
const directoryOf = (agent: string): string[] =>
  URL.canParse(agent) ? [new URL("/.well-known/http-message-signatures-directory", agent).href] : [];

function problemOf(error: unknown): Result {
  const { code, message } = error as { code?: string; message?: string };
  if (typeof code !== "string") return { problem: "The input cannot be shown.", wanted: [] };
  const text = `${code}: ${message}.`.replaceAll(
    /--(?:jwks|([a-z]+))(?: FILE)?/g,
    (_flag, name) => `“${name ?? "keys"}”`,
  );
  return { problem: text, isSecret: code === "private_key", wanted: [] };
}
