/** A name with its value in a signature header. */
export interface FieldPart {
  readonly name: string;
  readonly value: string;
}

/** `Signature-Key` for display only. A truncated token still counts as one value. */
export interface ReadableSignatureKey {
  readonly label: string;
  readonly scheme: string;
  readonly parameters: readonly FieldPart[];
}

/** `Signature-Input` for display. */
export interface ReadableSignatureInput {
  readonly label: string;
  readonly components: readonly string[];
  readonly parameters: readonly FieldPart[];
}

/**
 * Parses `Signature-Key` by the grammar of profile 1.1 or of draft -11 (section 11.3.2); undefined
 * if it matches neither.
 */
export function readSignatureKey(value: string): ReadableSignatureKey | undefined {
  // label=(scheme=token name="value" …)
  const match = /^([a-z*][a-z0-9_.*-]*)=\(scheme=([A-Za-z0-9_-]+)((?: [a-z0-9-]+="[^"]*")*)\)$/.exec(
    value.trim(),
  );
  if (match === null) return readDictionary(value);
  const [, label = "", scheme = "", pairs = ""] = match;
  return { label, scheme, parameters: pairsIn(pairs, / ([a-z0-9-]+)="([^"]*)"/g) };
}

/** Parses `sig=jwt;jwt="…"`, using the first of several members. */
function readDictionary(value: string): ReadableSignatureKey | undefined {
  const match = /^([a-z*][a-z0-9_.*-]*)=([a-z0-9_-]+)((?:; *[a-z0-9_-]+="[^"]*")*) *(?:,|$)/.exec(
    value.trim(),
  );
  if (match === null) return undefined;
  const [, label = "", scheme = "", pairs = ""] = match;
  return { label, scheme, parameters: pairsIn(pairs, /; *([a-z0-9_-]+)="([^"]*)"/g) };
}

/** Parses `Signature-Input`: label, covered components, parameters (RFC 9421 section 4.1). */
export function readSignatureInput(value: string): ReadableSignatureInput | undefined {
  const match = /^([a-z*][a-z0-9_.*-]*)=\(([^)]*)\)(.*)$/.exec(value.trim());
  if (match === null) return undefined;
  const [, label = "", list = "", parameters = ""] = match;
  return {
    label,
    components: [...list.matchAll(/"([^"]*)"/g)].map(([, name = ""]) => name),
    parameters: pairsIn(parameters, /;\s*([a-z*][a-z0-9_.*-]*)=("[^"]*"|[^;]*)/g),
  };
}

function pairsIn(text: string, pattern: RegExp): FieldPart[] {
  return [...text.matchAll(pattern)].map(([, name = "", value = ""]) => ({ name, value }));
}
