/** A name with its value, as a signature header has it. */
export interface FieldPart {
  readonly name: string;
  readonly value: string;
}

/** `Signature-Key` for reading. A cut token is still one value; nothing is judged here. */
export interface ReadableSignatureKey {
  readonly label: string;
  readonly scheme: string;
  readonly parameters: readonly FieldPart[];
}

/** `Signature-Input` for reading. */
export interface ReadableSignatureInput {
  readonly label: string;
  readonly components: readonly string[];
  readonly parameters: readonly FieldPart[];
}

/**
 * Takes `Signature-Key` apart by the grammar of profile 1.1, or of draft -11 (section 11.3.2);
 * undefined when it follows neither.
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

/** `sig=jwt;jwt="…"`. Of several members the first. */
function readDictionary(value: string): ReadableSignatureKey | undefined {
  const match = /^([a-z*][a-z0-9_.*-]*)=([a-z0-9_-]+)((?:; *[a-z0-9_-]+="[^"]*")*) *(?:,|$)/.exec(
    value.trim(),
  );
  if (match === null) return undefined;
  const [, label = "", scheme = "", pairs = ""] = match;
  return { label, scheme, parameters: pairsIn(pairs, /; *([a-z0-9_-]+)="([^"]*)"/g) };
}

/** Takes `Signature-Input` apart: label, covered components, parameters (RFC 9421 section 4.1). */
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
