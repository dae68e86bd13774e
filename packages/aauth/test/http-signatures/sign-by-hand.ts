import { createPrivateKey, sign } from "node:crypto";
import { buildSignatureBase } from "../../src/http-signatures/signature-base.ts";
import keys from "../vectors/keys.json" with { type: "json" };
import { type Arrived, NOW } from "./prove.ts";

const key = createPrivateKey({ key: keys.A.jwk, format: "jwk" });

export const SIGNATURE_KEY = `(scheme=hwk kty="OKP" crv="Ed25519" x="${keys.A.jwk.x}")`;

/**
 * A request with a valid signature over any components: a wrong, careless or hostile request that
 * `signRequest` cannot make.
 */
export function signByHand(
  request: Omit<Arrived, "headers"> & { readonly headers?: Arrived["headers"] },
  options: {
    readonly components?: readonly string[];
    /** Text after the list of components. */
    readonly parameters?: string;
    readonly label?: string;
    readonly signatureKey?: string;
  } = {},
): Arrived {
  const label = options.label ?? "sig1";
  const components = options.components ?? ["@method", "@authority", "@path", "signature-key"];
  const parameters = options.parameters ?? `;created=${NOW}`;
  const raw = `(${components.map((name) => `"${name}"`).join(" ")})${parameters}`;
  const headers = {
    ...request.headers,
    "signature-key": options.signatureKey ?? `${label}=${SIGNATURE_KEY}`,
  };
  const base = buildSignatureBase({ ...request, headers, components, signatureParams: raw });
  const signature = sign(null, Buffer.from(base), key).toString("base64url");
  return {
    ...request,
    headers: { ...headers, "signature-input": `${label}=${raw}`, signature: `${label}=:${signature}:` },
  };
}
