/**
 * Messages and tokens made with the platform's cryptography alone, so that the library is not
 * compared with itself.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { base64url, type Key } from "./keys.ts";

export type Fields = Readonly<Record<string, string>>;

/** An input, and the verdict on it. */
export interface Case {
  readonly title: string;
  /** A section of the dialect's text, or of the RFC named. */
  readonly section: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly expected:
    | { readonly value: unknown }
    | { readonly error: { readonly code: string } & Readonly<Record<string, unknown>> };
  /** Answer of the party, in a recorded run. */
  readonly response?: unknown;
}

export interface VectorFile {
  /** Meaning of input and value. */
  readonly about: string;
  /** Operation to run with each input. */
  readonly operation: string;
  readonly cases: readonly Case[];
}

type Input = Case["input"];

export const accepts = (title: string, section: string, input: Input, value: unknown): Case => ({
  title,
  section,
  input,
  expected: { value },
});
export const refuses = (title: string, section: string, input: Input, code: string): Case => ({
  title,
  section,
  input,
  expected: { error: { code } },
});

export const digest = (body: string, algorithm: "sha-256" | "sha-512" = "sha-256"): string =>
  `${algorithm}=:${createHash(algorithm.replace("-", "")).update(body).digest("base64")}:`;

export interface Message {
  readonly method: string;
  readonly authority: string;
  readonly target: string;
  readonly fields: Fields;
}

/** RFC 9421, section 2.5. */
export function signatureBase(
  { method, authority, target, fields }: Message,
  components: readonly string[],
  parameters: string,
): string {
  const { path = "", query = "?" } = /^(?<path>[^?]*)(?<query>\?.*)?$/.exec(target)?.groups ?? {};
  const derived: Fields = { "@method": method, "@authority": authority, "@path": path, "@query": query };
  const lines = components.map((name) => `"${name}": ${derived[name] ?? fields[name] ?? ""}`);
  return [...lines, `"@signature-params": ${parameters}`].join("\n");
}

export interface SignOptions {
  readonly key: Key;
  /** Value of `Signature-Key`. */
  readonly signatureKey: string;
  readonly label: string;
  readonly components: readonly string[];
  /** Text behind the list of components. */
  readonly parameters: string;
  readonly encoding?: "base64" | "base64url";
}

/** The message with the three fields of its signature, and the signed base. */
export function sign(
  message: Message,
  options: SignOptions,
): { readonly fields: Fields; readonly base: string } {
  const { key, signatureKey, label, components, parameters, encoding = "base64" } = options;
  const fields = { ...message.fields, "signature-key": signatureKey };
  const raw = `(${components.map((name) => `"${name}"`).join(" ")})${parameters}`;
  const base = signatureBase({ ...message, fields }, components, raw);
  const signature = key.sign(base).toString(encoding);
  return {
    fields: { ...fields, "signature-input": `${label}=${raw}`, signature: `${label}=:${signature}:` },
    base,
  };
}

export const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());

/** A compact JWS. An undefined member is omitted. */
export function jwt(key: Key, header: object, claims: object): string {
  const input = [header, claims].map((part) => base64url(JSON.stringify(part))).join(".");
  return `${input}.${base64url(key.sign(input))}`;
}
