import type { HeaderFields } from "aauth";
import { componentIdentifier } from "aauth/wire";
import { toBase64 } from "./saved-run-file.ts";
import type { MessageForSecondOpinion } from "./second-opinion.ts";

/** The parts from which a signature base is built. */
export interface BaseParts extends MessageForSecondOpinion {
  /** Names in the order of `Signature-Input`. */
  readonly components: readonly string[];
  /** The part of `Signature-Input` after `label=`. */
  readonly signatureParams: string;
}

/** A part of a message that differs from the signed one. */
export type EditedPart =
  | "method"
  | "scheme"
  | "host"
  | "port"
  | "path"
  | "query"
  | "digest"
  | "field"
  | "components"
  | "parameters"
  | "base"
  | "key";

/** A single edit with which the signature verifies: proof of what was signed instead. */
export interface Edit {
  readonly part: EditedPart;
  /** Sentence: what was signed, and what the message has. Values of other fields are not in it. */
  readonly text: string;
}

interface Candidate extends Edit {
  readonly parts: BaseParts;
  /** Last step of the base, for signers that make it in another way. */
  readonly finish?: (base: string) => string;
}

/** Material of single edits, and the judge of each. */
export interface EditMaterial {
  readonly body: Uint8Array | undefined;
  /** The field as received, which a signer may have used without making it canonical. */
  readonly hosts: readonly string[];
  readonly build: (parts: BaseParts) => string;
  readonly verify: (base: string) => Promise<boolean>;
}

/** Bounds of the work for a message with many or long fields. */
const MAX_CANDIDATES = 2_000;
const MAX_COMPONENTS = 64;
const MAX_TRIED_CHARACTERS = 16_000_000;

/**
 * Searches the single edit after which the signature verifies: host, port, scheme, method, path,
 * query, digest of the body as given, a joined or changed field, order and set of components,
 * parameters, and ends of lines. An edit that leaves the base as it is proves nothing, and is not
 * tried.
 *
 * @returns undefined where no single edit verifies: then the message does not show what was signed
 */
export async function findEdit(parts: BaseParts, material: EditMaterial): Promise<Edit | undefined> {
  const seen = new Set([attempt(() => material.build(parts))]);
  let tried = 0;
  let characters = 0;
  if (parts.components.length > MAX_COMPONENTS) return undefined;
  for (const make of [
    authorityEdits,
    targetEdits,
    methodEdits,
    digestEdits,
    fieldEdits,
    parameterEdits,
    componentEdits,
    baseEdits,
  ]) {
    for (const { finish = (base: string) => base, parts: edited, ...edit } of await make(parts, material)) {
      const base = attempt(() => finish(material.build(edited)));
      if (base === undefined || seen.has(base)) continue;
      seen.add(base);
      characters += base.length;
      if (++tried > MAX_CANDIDATES || characters > MAX_TRIED_CHARACTERS) return undefined;
      if (await material.verify(base)) return edit;
    }
  }
  return undefined;
}

/** Addresses that a request for this one may have been signed for, or be taken to be for. */
export const addressEdits = (parts: BaseParts, hosts: readonly string[]): (Edit & { parts: BaseParts })[] => [
  ...targetEdits(parts),
  ...authorityEdits(parts, { hosts }),
];

function attempt(build: () => string): string | undefined {
  try {
    return build();
  } catch {
    return undefined;
  }
}

const PORTS = ["80", "443", "8080", "8443", "3000", "8000"];

function authorityEdits(parts: BaseParts, { hosts }: Pick<EditMaterial, "hosts">): Candidate[] {
  const { authority, scheme, headers } = parts;
  const [host = "", port] = splitPort(authority);
  const ports = [...new Set([undefined, text(headers, "x-forwarded-port"), ...PORTS])].filter(
    (other) => other !== port,
  );
  const named = [
    ...hosts,
    ...["host", "x-forwarded-host", "x-original-host", ":authority"].map((name) => text(headers, name)),
    /(?:^|[;, ])host="?([^";, ]+)/i.exec(text(headers, "forwarded") ?? "")?.[1],
    ...["origin", "referer"].map((name) => URL.parse(text(headers, name) ?? "")?.host),
    host.startsWith("www.") ? host.slice(4) : `www.${host}`,
    "localhost",
    "127.0.0.1",
  ].filter((other) => other !== undefined);
  const withHost = [...new Set([...named, ...named.map((other) => splitPort(other)[0]!)])];
  const other = scheme === "https" ? "http" : "https";
  return [
    {
      part: "scheme",
      text: `it was signed for the scheme ${other}, and ${scheme} is taken here`,
      parts: { ...parts, scheme: other },
    },
    ...ports.map((value): Candidate => {
      const signed = value === undefined ? host : `${host}:${value}`;
      return {
        part: "port",
        text: `it was signed for ${signed}, and ${authority} is taken here: the port differs`,
        parts: { ...parts, authority: signed },
      };
    }),
    ...withHost.flatMap((value) =>
      [value, port === undefined ? value : `${value}:${port}`].map(
        (signed): Candidate => ({
          part: "host",
          text: `it was signed for the host ${signed}, and ${authority} is taken here`,
          parts: { ...parts, authority: signed },
        }),
      ),
    ),
  ];
}

const splitPort = (authority: string): readonly [string, string | undefined] => {
  const [, host = authority, port] = /^(.*):(\d+)$/.exec(authority) ?? [];
  return [host, port];
};

function targetEdits(parts: BaseParts): Candidate[] {
  const { target, headers } = parts;
  const at = target.indexOf("?");
  const [path, query] = at === -1 ? [target, undefined] : [target.slice(0, at), target.slice(at + 1)];
  const paths: [string, string][] = [
    [path.endsWith("/") ? path.slice(0, -1) : `${path}/`, "the slash at its end"],
    [path.replace(/%[0-9a-f]{2}/gi, (code) => code.toUpperCase()), "the case of its encoding"],
    [path.replace(/%[0-9a-f]{2}/gi, (code) => code.toLowerCase()), "the case of its encoding"],
    [decoded(path), "its percent-encoding"],
    [encodeURI(path), "its percent-encoding"],
    [encodeURI(decoded(path)), "its percent-encoding"],
    [
      path
        .split("/")
        .map((part) => encodeURIComponent(decoded(part)))
        .join("/"),
      "its percent-encoding",
    ],
    // At most so many, for a path that is nothing but slashes.
    ...[...path.matchAll(/(?<=.)\//g)]
      .slice(0, 50)
      .map(({ index }): [string, string] => [
        `${path.slice(0, index)}%2F${path.slice(index + 1)}`,
        "a decoded slash",
      ]),
    [path.replace(/\/{2,}/g, "/"), "a double slash"],
    [path.toLowerCase(), "its case"],
    [path.replace(/^\/[^/]+(?=\/)/, ""), "its first segment"],
    ...["x-original-uri", "x-original-url", "x-envoy-original-path", "x-rewrite-url"].flatMap(
      (name): [string, string][] => {
        const original = text(headers, name);
        return original === undefined ? [] : [[original.split("?")[0]!, `that it was rewritten (${name})`]];
      },
    ),
    ...["x-forwarded-prefix", "x-script-name"].flatMap((name): [string, string][] => {
      const prefix = text(headers, name);
      return prefix === undefined ? [] : [[`${prefix.replace(/\/$/, "")}${path}`, `its prefix (${name})`]];
    }),
  ];
  const pairs = query === undefined ? [] : query.split("&");
  const queries: [string | undefined, string][] =
    query === undefined
      ? [["", "an empty query"]]
      : [
          [undefined, "that a query is there"],
          [[...pairs].sort().join("&"), "the order of its parameters"],
          [[...pairs].reverse().join("&"), "the order of its parameters"],
          [query.replaceAll("+", "%20"), "how spaces are encoded"],
          [query.replaceAll("%20", "+"), "how spaces are encoded"],
          [decoded(query), "its percent-encoding"],
          [encodeURI(decoded(query)), "its percent-encoding"],
          [query.replace(/%[0-9a-f]{2}/gi, (code) => code.toUpperCase()), "the case of its encoding"],
          ...pairs
            .slice(0, 30)
            .map((pair, at): [string, string] => [
              pairs.toSpliced(at, 1).join("&"),
              pair === "" ? "an empty parameter" : `the parameter ${pair.split("=")[0]}, which was added`,
            ]),
        ];
  return [
    ...paths.map(
      ([signed, what]): Candidate => ({
        part: "path",
        text: `it was signed for the path ${signed || "that is empty"}, and has ${path}: ${what} differs`,
        parts: { ...parts, target: query === undefined ? signed : `${signed}?${query}` },
      }),
    ),
    ...queries.map(
      ([signed, what]): Candidate => ({
        part: "query",
        text: `it was signed for another query: it differs in ${what}`,
        parts: { ...parts, target: signed === undefined ? path : `${path}?${signed}` },
      }),
    ),
  ];
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function methodEdits(parts: BaseParts): Candidate[] {
  const { method } = parts;
  return ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", method.toLowerCase()].map((signed) => ({
    part: "method",
    text: `it was signed for the method ${signed}, and came with ${method}`,
    parts: { ...parts, method: signed },
  }));
}

async function digestEdits(parts: BaseParts, { body }: EditMaterial): Promise<Candidate[]> {
  if (!parts.components.includes("content-digest") || body === undefined) return [];
  return (await digestsOf(body)).map((signed) => ({
    part: "digest",
    text: "the body is the signed one, and Content-Digest was changed after signing",
    parts: withField(parts, "content-digest", signed),
  }));
}

/** Members of `Content-Digest` for a body. */
const digestsOf = (body: Uint8Array): Promise<string[]> =>
  Promise.all(
    (["SHA-256", "SHA-512"] as const).map(async (algorithm) => {
      const hash = await crypto.subtle.digest(algorithm, body as never);
      return `${algorithm.toLowerCase()}=:${toBase64(new Uint8Array(hash))}:`;
    }),
  );

function fieldEdits(parts: BaseParts): Candidate[] {
  const { components, headers } = parts;
  return components
    .filter((name) => !name.startsWith("@") && !name.includes(";"))
    .flatMap((name): Candidate[] => {
      const value = text(headers, name);
      if (value === undefined) return [];
      const values = value.split(",").map((part) => part.trim());
      const other = [`x-original-${name}`, `x-forwarded-${name}`].flatMap((from): [string, string][] => {
        const kept = text(headers, from);
        return kept === undefined ? [] : [[kept, `the value that ${from} has`]];
      });
      const variants: [string, string][] = [
        [values[0]!, "its first value, and others were joined to it"],
        [values.at(-1)!, "its last value, and others were joined before it"],
        [values.slice(0, -1).join(", "), "all but its last value, which was joined to it"],
        [values.slice(1).join(", "), "all but its first value, which was joined to it"],
        [values.join(","), "its values joined without a space"],
        [values.join(", "), "its values joined with a space"],
        [[...values].reverse().join(", "), "its values in another order"],
        [value.split(";")[0]!.trim(), "its value without parameters"],
        [`${value}; charset=utf-8`, "its value with a charset"],
        [`${value};charset=UTF-8`, "its value with a charset"],
        [value.replace(/; +/g, ";"), "its value without spaces"],
        [value.replace(/;(?! )/g, "; "), "its value with spaces"],
        [value.replace(/\s+/g, " "), "its value with single spaces"],
        [value.toLowerCase(), "its value in lower case"],
        [value.replace(/^"|"$/g, ""), "its value without quotes"],
        [`"${value}"`, "its value in quotes"],
        ["", "an empty value"],
        ...other,
      ];
      return variants.map(([signed, what]) => ({
        part: "field",
        text: `the field ${name} was changed after signing: signed was ${what}`,
        parts: withField(parts, name, signed),
      }));
    });
}

function parameterEdits(parts: BaseParts): Candidate[] {
  const { signatureParams } = parts;
  const [, list = "", rest = ""] = /^(\(.*\))((?:;[^)]*)?)$/s.exec(signatureParams) ?? [];
  const params = rest.match(/;\s*[^;="]+(?:=(?:"(?:[^"\\]|\\.)*"|[^;"]*))?/g) ?? [];
  const named = (signed: string, what: string): Candidate => ({
    part: "parameters",
    text: `the parameters of Signature-Input are not the signed ones: ${what}`,
    parts: { ...parts, signatureParams: signed },
  });
  return [
    ...orders(params).map((order) => named(list + order.join(""), "their order differs")),
    ...params.map((param) =>
      named(
        list + params.filter((other) => other !== param).join(""),
        `${param.slice(1).split("=")[0]} was not signed`,
      ),
    ),
    named(list, "none of them was signed"),
    named(signatureParams.replace(/;\s+/g, ";"), "spaces differ"),
    named(signatureParams.replaceAll(";", "; "), "spaces differ"),
  ];
}

/** All orders of a few things; else those that a signer is likely to make. */
function orders<T>(things: readonly T[]): T[][] {
  if (things.length > 5) {
    const indexes = [...things.keys()].slice(0, 12);
    const moved = indexes.flatMap((from) =>
      indexes.flatMap((to) => [
        things.toSpliced(from, 1).toSpliced(to, 0, things[from]!),
        things.with(from, things[to]!).with(to, things[from]!),
      ]),
    );
    return [[...things].sort(), [...things].reverse(), ...moved];
  }
  if (things.length < 2) return [[...things]];
  return things.flatMap((thing, at) => orders(things.toSpliced(at, 1)).map((order) => [thing, ...order]));
}

/** Derived components and fields that a signature is likely to cover. */
const LIKELY = ["@method", "@authority", "@scheme", "@target-uri", "@request-target", "@path", "@query"];

function componentEdits(parts: BaseParts): Candidate[] {
  const { components, headers, signatureParams } = parts;
  const rest = /^\(.*\)(.*)$/s.exec(signatureParams)?.[1] ?? "";
  /** With the list that was received, and with the list that fits. */
  const both = (signed: readonly string[], what: string): Candidate[] =>
    [signatureParams, `(${signed.map(componentIdentifier).join(" ")})${rest}`].map((params) => ({
      part: "components",
      text: `Signature-Input does not name what was signed: ${what}`,
      parts: { ...parts, components: signed, signatureParams: params },
    }));
  const more = [...LIKELY, ...Object.keys(headers).slice(0, 20)].filter(
    (name) => !components.includes(name) && !/^signature(?:-input)?$/.test(name) && !name.startsWith(":"),
  );
  return [
    ...components.flatMap((name) =>
      both(
        components.filter((other) => other !== name),
        `${name} was not signed`,
      ),
    ),
    ...orders(components).flatMap((order) => both(order, "the order of the components differs")),
    ...more.flatMap((name) =>
      Array.from({ length: components.length + 1 }, (_, at) => at).flatMap((at) =>
        both(components.toSpliced(at, 0, name), `${name} was signed, too`),
      ),
    ),
  ];
}

function baseEdits(parts: BaseParts): Candidate[] {
  const finishes: [(base: string) => string, string][] = [
    [(base) => `${base}\n`, "it has a line end after its last line"],
    [(base) => base.replaceAll("\n", "\r\n"), "its lines end with CRLF"],
    [(base) => base.replace('"@query": ?', '"@query": '), "it has @query without its question mark"],
    [(base) => base.replace(/^"([^"]*)"/gm, "$1"), "its names have no quotes"],
    [(base) => base.replace(/\n[^\n]*$/, ""), "it lacks the line @signature-params"],
    [
      (base) => base.replace(/^(.*)(\n"@signature-params": .*)$/s, (_all, _lines, last) => last.slice(1)),
      "it has no line but @signature-params",
    ],
  ];
  return finishes.map(([finish, what]) => ({
    part: "base",
    text: `the signer builds the signature base in another way: ${what}`,
    parts,
    finish,
  }));
}

const withField = (parts: BaseParts, name: string, value: string): BaseParts => ({
  ...parts,
  headers: { ...parts.headers, [name]: value },
});

function text(headers: HeaderFields, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : value?.join(", ");
}
