import type { Message, ProtocolRun } from "aauth-explain/run";
import { visibleFields, visibleLines } from "aauth-explain/run";

/** One message of an input, and what it says. */
export interface Finding {
  /** Method and address. */
  readonly title: string;
  /** A word or two. */
  readonly verdict: string;
  readonly outcome: Message["outcome"];
  readonly sentence: string;
  /** The change with which the message would be accepted. */
  readonly remedy?: string | undefined;
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  /** The message as the protocol view has it, and the run that it belongs to. */
  readonly message: Message;
  readonly run: ProtocolRun;
  /** States where request and response come from. */
  readonly source: string;
  /** Signature base of the independent implementation. Default: built from the request. */
  readonly second?: string | undefined;
}

/** Longest text that is shown, in characters: a browser takes seconds to lay out a megabyte. */
const MAX_CHARACTERS = 20_000;

/**
 * A finding as it may be shown: characters that a browser acts on are escaped, long texts are cut,
 * and, unless `withSecrets`, tokens, signatures and other credentials are cut after twelve
 * characters.
 */
export function shownFinding(finding: Finding, withSecrets: boolean): Finding {
  const bare = (message: Message): Message =>
    withSecrets
      ? message
      : {
          ...message,
          request: withoutCredentials(message.request),
          response: withoutCredentials(message.response),
        };
  // Spans have more than is shown.
  const run = { ...finding.run, messages: finding.run.messages.map(bare), waterfall: [] };
  return visibleFields({ ...finding, message: bare(finding.message), run }, (text) =>
    shownText(text, withSecrets),
  );
}

/** A text of a finding as it may be shown. */
export function shownText(text: string, withSecrets: boolean): string {
  const cut = text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}… (cut)` : text;
  return withSecrets ? visibleLines(cut) : withoutSecrets(visibleLines(cut)); // hole R11: visibleLines(cut)
}

const TOKEN = /(?<![\w-])(eyJ[\w-]{9})[\w.-]+/g;
/** A member of `Signature`. Digests look like it. */
const SIGNATURE = /(?<!sha-\d{3})=:([\w+/-]{12})[\w+/=-]{20,}:?/g;
const MEMBER = /((?:token|secret|password|assertion)\\*"?\s*[:=]\s*\\*"?)([\w.~+/-]{12})[\w.~+/=-]+/gi;
const CREDENTIAL = /authorization|cookie|api-?key|access|secret|session/i;

function withoutSecrets(text: string): string {
  return text.replace(TOKEN, "$1…").replace(SIGNATURE, "=:$1…:").replace(MEMBER, "$1$2…");
}

function withoutCredentials({ headers, body }: Message["request"]): Message["request"] {
  const cut = Object.entries(headers ?? {}).map(([name, value]) => [
    name,
    CREDENTIAL.test(name) && value.length > 12 ? `${value.slice(0, 12)}…` : value,
  ]);
  return { ...(headers && { headers: Object.fromEntries(cut) }), body };
}

/**
 * A shown finding as text. Without secrets, tokens are named and their claims left out, and so are
 * request and response.
 */
export function findingText(finding: Finding, withSecrets: boolean): string {
  const { sentence, remedy, facts, message } = finding;
  const { signer, verifiers, request, response } = message;
  const token = signer?.token;
  const base = verifiers.at(-1)?.base ?? signer?.base;
  const checks = verifiers.flatMap(({ party, checks: made }) => [
    `\nChecks, ${party}`,
    ...made.map(({ name, verdict, reason, section }) =>
      [verdict, name, section, reason].filter(Boolean).join("  "),
    ),
  ]);
  const whole = [
    ["Token", token?.claims],
    ["Request", request],
    ["Response", response],
  ].flatMap(([title, value]) => (value ? [`\n${title}`, JSON.stringify(value, null, 2)] : []));
  return [
    sentence,
    ...(remedy ? [`What to change: ${remedy}`] : []),
    "",
    ...facts.map(({ name, value }) => `${name}: ${value}`),
    ...checks,
    ...(base ? ["\nSignature base", base] : []),
    ...(token ? [`\nToken: ${token.kind}`] : []),
    ...(withSecrets ? whole : []),
  ].join("\n");
}
