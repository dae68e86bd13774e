import { AAuthVerificationError } from "aauth";
import { buildSignatureBase } from "aauth/wire";
import type { BaseParts } from "../edits.ts";
import { parameterizedValue } from "../second-opinion.ts";

/**
 * The signature base of any RFC 9421 request: components without parameters as `aauth` builds them,
 * those with `;key`, `;sf` or `;bs` as `http-message-signatures` does. An absent query is `?`
 * (section 2.2.7).
 *
 * @throws AAuthError `missing_component`
 */
export function signatureBaseOf(parts: BaseParts): string {
  const { components, signatureParams } = parts;
  const lines = components.map((component) => {
    const hasParameter = component.includes(";") && !component.startsWith("@query-param;");
    if (hasParameter) return parameterizedLine(component, parts);
    const base = buildSignatureBase({ ...parts, components: [component], absentQuery: "?" });
    return base.slice(0, base.lastIndexOf('\n"@signature-params"'));
  });
  return [...lines, `"@signature-params": ${signatureParams}`].join("\n");
}

function parameterizedLine(component: string, parts: BaseParts): string {
  const at = component.indexOf(";");
  const [name, parameters] = [component.slice(0, at), component.slice(at)];
  try {
    return `"${name}"${parameters}: ${parameterizedValue(name, parameters, parts)}`;
  } catch {
    throw new AAuthVerificationError("missing_component", `the message has no "${name}"${parameters}`);
  }
}
