/** No file outside a dialect's folder contains its names: code asks the dialect's value instead. */

import { globSync, readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { expect, it } from "vitest";
import { AGENT_AUTH, DOCUMENTS, FIELDS, LABEL, TOKEN_TYPES } from "../../src/february-2026/names.ts";

const ROOT = resolve(import.meta.dirname, "../../../..");
const FOLDERS = ["packages/aauth/src", "packages/fastify-aauth/src", "packages/gateway-check/src"];
const OWN_FOLDERS = [
  "packages/aauth/src/february-2026/",
  "packages/aauth/src/draft-11/",
  "packages/aauth/src/server/",
];

/** Header fields of RFC 9421 and RFC 9530, the same in each profile. */
const OF_RFCS: readonly string[] = [FIELDS.signature, FIELDS.signatureInput, FIELDS.contentDigest];
/** Names that are forbidden anywhere in a literal. */
const NAMES = [
  FIELDS.signatureKey,
  AGENT_AUTH,
  LABEL,
  "httpsig",
  "request_type",
  ...Object.values(TOKEN_TYPES),
  ...Object.values(DOCUMENTS),
];
/** Other fields, and grants. Such words occur in any text, so only a whole literal is refused. */
const WORDS = [
  ...Object.values(FIELDS).filter((name) => !OF_RFCS.includes(name) && name !== FIELDS.signatureKey),
  "auth",
  "exchange",
  "refresh",
  "code",
  "revoke",
];

/** Exceptions as `file: name`, with the reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "packages/aauth/src/profile/refusal.ts: code":
    "a parameter of the refusal's field, which is the same in each dialect",
};

const LITERAL =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|(?<=[(=,:[!&|?{};>]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;

/** String, template and regular expression literals, without comments and module specifiers. */
function literalsIn(source: string): string[] {
  return Array.from(source.matchAll(LITERAL)).flatMap(({ 0: text, index }) => {
    if (text.startsWith("//") || text.startsWith("/*")) return [];
    return /(?:from|import)\s*\(?\s*$/.test(source.slice(0, index)) ? [] : [text.slice(1, -1)];
  });
}

/**
 * A sentence may name a header, which is then capitalized; other names are refused in any spelling.
 */
function namesIn(literal: string): string[] {
  const text = literal.includes(" ") ? literal : literal.toLowerCase();
  return [
    ...NAMES.filter((name) => {
      const at = text.indexOf(name);
      return (
        at >= 0 && !/[a-z0-9_-]/.test(text[at - 1] ?? "") && !/[a-z0-9_-]/.test(text[at + name.length] ?? "")
      );
    }),
    ...WORDS.filter((word) => text === word),
  ];
}

function found(): string[] {
  const files = FOLDERS.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: ROOT }))
    .map((file) => relative(ROOT, resolve(ROOT, file)))
    .filter((file) => !OWN_FOLDERS.some((folder) => file.startsWith(folder)));
  return files.flatMap((file) =>
    literalsIn(readFileSync(resolve(ROOT, file), "utf8"))
      .flatMap(namesIn)
      .map((name) => `${file}: ${name}`),
  );
}

it("the names of a profile stand in its folder only", () => {
  const unknown = found().filter((place) => !Object.hasOwn(EXCEPTIONS, place));
  expect(unknown).toEqual([]);
});

it("every exception is still there", () => {
  const places = new Set(found());
  expect(Object.keys(EXCEPTIONS).filter((place) => !places.has(place))).toEqual([]);
});

it("a name is found in strings, templates and regular expressions, and not in comments or modules", () => {
  const source = [
    'const a = "Signature-Key"; // "agent-auth"',
    "const b = `/.well-known/aauth-agent`; /* 'sig1' */",
    'const c = /^httpsig["`]/.test(x); const d = "nonce";',
    'import { parse } from "./agent-auth.ts";',
    'const e = "aauth-agents and the Signature-Key"; const f = "code"; const g = "error code";',
  ].join("\n");
  expect(literalsIn(source).flatMap(namesIn)).toEqual([
    FIELDS.signatureKey,
    DOCUMENTS.agent,
    "httpsig",
    FIELDS.nonce,
    "code",
  ]);
});
