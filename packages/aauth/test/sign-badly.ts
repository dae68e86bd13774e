import { buildSignatureBase, componentIdentifier } from "../src/http-signatures/signature-base.ts";
import type { TestRequest } from "../src/testing/signed-request.ts";
import type { SigningKey } from "../src/types.ts";

export interface BadRequest {
  /** Value of `Signature-Key`. */
  readonly signatureKey: string;
  readonly key?: SigningKey;
  readonly label?: string;
  readonly components?: readonly string[];
  /** Text after the list of components. */
  readonly parameters?: string;
  readonly method?: string;
  readonly authority?: string;
  readonly target?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array;
}

/** Defaults for the members that a {@link BadRequest} omits. */
interface Usual {
  readonly key: SigningKey;
  readonly label: string;
  readonly authority: string;
  readonly target: string;
  readonly created: number;
  formatSignature(bytes: Uint8Array, label: string): string;
}

/** Signs anything at all: for requests that no honest signer would make. */
export async function signBadly(options: BadRequest, usual: Usual): Promise<TestRequest> {
  const { method = "GET", key, label, authority, target } = { ...usual, ...options };
  const { components = ["@method", "@authority", "@path", "signature-key"] } = options;
  const { parameters = `;created=${usual.created}`, body } = options;
  const signatureParams = `(${components.map(componentIdentifier).join(" ")})${parameters}`;
  const headers: Record<string, string> = {
    ...options.headers,
    "signature-key": options.signatureKey,
    "signature-input": `${label}=${signatureParams}`,
  };
  const base = buildSignatureBase({ method, authority, target, headers, components, signatureParams });
  headers.signature = usual.formatSignature(await key.sign(new TextEncoder().encode(base)), label);
  return { method, target, headers, authority, body };
}
