import type { Message, TextPart } from "aauth-explain/run";

/** Header fields of the protocol, in either version. */
const REQUEST_FIELDS = [
  "signature-key",
  "signature-input",
  "content-digest",
  "nonce",
  "authorization",
  "aauth-capabilities",
];
const ANSWER_FIELDS = [
  "agent-auth",
  "aauth-requirement",
  "signature-error",
  "location",
  "retry-after",
  "cache-control",
  "aauth-refusal",
];

/**
 * Values that vary by message rather than by version. They are abbreviated here and shown in full
 * in the open message.
 */
const OF_ONE_MESSAGE: readonly (readonly [RegExp, string])[] = [
  [/(;created=)\d+/g, "$1…"],
  [/(sha-\d+=:)[^:]*(?=:)/g, "$1…"],
  [/(\/pending\/)[\w…-]+/g, "$1…"],
  [/(kid=)"[^"]*"/g, '$1"…"'],
];
/**
 * Words that differ between any two messages: scheme and port of the demo's URLs, signature labels,
 * tokens, and the values abbreviated above. They are shown but never marked.
 */
const NOISE = /^(?:https?|\d+|sig\d*|"eyJ[^"]*"|"?…+"?)$/;
/** Quoted strings, words, and the characters between them. */
const WORDS = /"[^"]*"|[\w@.-]+|\s+|[^\s\w@.-]/g;

/** One line of a message's head, with the words marked that differ from the other side. */
export interface HeadLine {
  readonly name: string;
  readonly parts: readonly TextPart[];
  /** Whether the other side's message lacks this field or has other words in it. */
  readonly isChanged: boolean;
}

/**
 * Request line, status and protocol header fields of a message. Nothing is marked if the other side
 * has no message.
 */
export function headOf(message: Message, other: Message | undefined): HeadLine[] {
  const theirs = new Map(other === undefined ? [] : linesOf(other));
  return linesOf(message).map(([name, text]): HeadLine => {
    const words = text.match(WORDS) ?? [];
    const known = new Set(other === undefined ? words : theirs.get(name)?.match(WORDS));
    const isNoise = (word: string) => name !== "status" && NOISE.test(word);
    const parts = words.map((text) => ({
      text,
      differs: isWord(text) && !known.has(text) && !isNoise(text),
    }));
    return {
      name,
      parts: joined(parts),
      isChanged: other !== undefined && (!theirs.has(name) || parts.some(({ differs }) => differs)),
    };
  });
}

const isWord = (text: string) => /[\w…]/.test(text);

/** Merges adjacent parts of the same kind. */
function joined(parts: readonly TextPart[]): TextPart[] {
  const result: TextPart[] = [];
  for (const { text, differs } of parts) {
    const last = result.at(-1);
    if (last?.differs === differs) result[result.length - 1] = { text: last.text + text, differs };
    else result.push({ text, differs });
  }
  return result;
}

function linesOf({ method, url, status, request, response, signer }: Message): [string, string][] {
  const fields = (headers: Readonly<Record<string, string>> | undefined, names: readonly string[]) =>
    names.flatMap((name): [string, string][] => {
      const value = headers?.[name];
      return value === undefined ? [] : [[name, name === "nonce" ? "…" : value]];
    });
  const lines: [string, string][] = [
    ["request", `${method} ${url}`],
    ...(signer?.token === undefined ? [] : ([["token in it", signer.token.kind]] as [string, string][])),
    ...fields(request.headers, REQUEST_FIELDS),
    ...(status === undefined ? [] : ([["status", String(status)]] as [string, string][])),
    ...fields(response.headers, ANSWER_FIELDS),
  ];
  return lines.map(([name, text]) => [
    name,
    OF_ONE_MESSAGE.reduce((cut, [pattern, by]) => cut.replace(pattern, by), text),
  ]);
}
