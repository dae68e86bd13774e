/**
 * Vectors of another implementation, read from a folder beside the project when it is there (they are not ours to
 * distribute). Two of them are not usable as they are: the label-match sample does not cover signature-key and has
 * placeholder bytes, and the jwt sample is not a decodable token. Both are parsed only.
 */

import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { signRequest } from "../../src/agent/sign-request.ts";
import { formatContentDigest, verifyContentDigest } from "../../src/http-signatures/content-digest.ts";
import { parseSignature } from "../../src/http-signatures/signature.ts";
import { buildSignatureBase } from "../../src/http-signatures/signature-base.ts";
import { parseSignatureInput } from "../../src/http-signatures/signature-input.ts";
import { requireSameLabel } from "../../src/http-signatures/verify-signature.ts";
import { importSigningKey } from "../../src/keys/signing-key.ts";
import { jwkThumbprint } from "../../src/keys/thumbprint.ts";
import { importVerificationKey } from "../../src/keys/verification-key.ts";
import {
  formatSignatureKey,
  parseSignatureKey,
  type SignatureKey,
} from "../../src/profiles/february-2026/signature-key.ts";
import { expectRefusal } from "../refusal.ts";
import { prove } from "./prove.ts";
import { signByHand } from "./sign-by-hand.ts";

const file = new URL("../../../../../shared/vectors/aauth-test-vectors.json", import.meta.url);
// biome-ignore lint/suspicious/noExplicitAny: foreign data, each test reads what it needs
const vectors: any = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;

describe.skipIf(!vectors)("third-party vectors", () => {
  test("content digests", async () => {
    for (const { body_string, expected_digest } of vectors.content_digest_tests) {
      const body = new TextEncoder().encode(body_string);
      await verifyContentDigest(expected_digest, body);
      if (expected_digest.startsWith("sha-256"))
        expect(await formatContentDigest(body)).toBe(expected_digest);
    }
  });

  test("thumbprints", async () => {
    for (const { jwk, expected_thumbprint } of vectors.jwk_thumbprint_tests) {
      if (expected_thumbprint) expect(await jwkThumbprint(jwk)).toBe(expected_thumbprint);
    }
  });

  test("Signature-Key headers", () => {
    for (const { label, scheme, input_jwk, params, expected_header } of vectors.signature_key_header_tests) {
      const key = { label, scheme, ...(input_jwk ? { jwk: input_jwk } : rename(params)) } as SignatureKey;
      expect(parseSignatureKey(expected_header)).toEqual(key);
      expect(formatSignatureKey(key)).toBe(expected_header);
    }
  });

  test("signature bases and the signature that goes with one", async () => {
    for (const vector of vectors.signature_base_tests) {
      const { request } = vector;
      const headers = { ...lowerCase(request.headers ?? {}), "signature-key": vector.signature_key_header };
      const input = parseSignatureInput(vector.expected_signature_input);
      expect(input.components).toEqual(vector.covered_components);
      expect(input.created).toBe(vector.signature_params.created);
      const base = buildSignatureBase({
        method: request.method,
        authority: request.authority,
        target: request.query ? `${request.path}?${request.query}` : request.path,
        headers,
        components: input.components,
        signatureParams: input.raw,
      });
      if (vector.expected_signature_base) expect(base).toBe(vector.expected_signature_base);
      if (vector.expected_signature) {
        const { d: _, ...jwk } = vectors.test_keys.ed25519.jwk;
        const signature = parseSignature(vector.expected_signature).bytes;
        const key = await importVerificationKey(jwk);
        expect(await key.verify(Buffer.from(base), signature)).toBe(true);
      }
    }
  });

  test("Signature-Input and Signature headers", () => {
    for (const { input, expected } of vectors.signature_input_parsing_tests) {
      const parsed = parseSignatureInput(input);
      expect(parsed).toMatchObject({ label: expected.label, components: expected.components });
      expect(Object.fromEntries(parsed.params)).toEqual(expected.params);
    }
    for (const { input, expected } of vectors.signature_parsing_tests) {
      const parsed = parseSignature(input);
      expect(parsed.label).toBe(expected.label);
      expect(Buffer.from(parsed.bytes).toString("base64")).toBe(expected.signature_base64);
    }
  });

  test("labels", async () => {
    for (const {
      signature_input,
      signature,
      signature_key,
      expected_valid,
    } of vectors.label_consistency_tests) {
      const labels = () =>
        requireSameLabel(parseSignatureKey(signature_key), parseSignatureInput(signature_input), {
          label: signature.split("=")[0],
        });
      if (expected_valid) labels();
      else await expectRefusal("label_mismatch", labels);
    }
  });

  test("end to end", async () => {
    for (const { input, created_timestamp, expected_headers } of vectors.end_to_end_tests) {
      const key = await importSigningKey(vectors.test_keys.ed25519.jwk);
      const signed = await signRequest(
        {
          method: input.method,
          url: input.url,
          headers: lowerCase(input.headers ?? {}),
          ...(input.body ? { body: new TextEncoder().encode(input.body) } : {}),
        },
        { key, signatureKey: { scheme: "hwk" }, now: () => created_timestamp, nonce: false },
      );
      expect(signed.headers).toMatchObject(lowerCase(expected_headers ?? {}));
    }
  });

  test("error cases", async () => {
    const get = { method: "GET", authority: "resource.example", target: "/api/data" };
    const cases = Object.fromEntries(vectors.error_cases.map((entry: { id: string }) => [entry.id, entry]));
    const { "signature-key": _, ...keyless } = signByHand(get).headers;
    await expectRefusal("missing_signature", () => prove({ ...get, headers: keyless }));
    const components = parseSignatureInput(
      cases["error-signature-key-not-covered"].signature_input,
    ).components;
    await expectRefusal("insufficient_coverage", () => prove(signByHand(get, { components })));
    const late = cases["error-created-too-old"];
    const old = signByHand(get, { parameters: `;created=${late.signature_params.created}` });
    await expectRefusal("created_out_of_window", () => prove(old, { now: late.current_time }));
    await expectRefusal("unsupported_scheme", () =>
      parseSignatureKey(cases["error-invalid-scheme"].signature_key),
    );
    await expectRefusal("malformed_signature_input", () =>
      parseSignatureInput(cases["error-multiple-labels"].signature_input),
    );
  });
});

const lowerCase = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

const rename = ({ "well-known": wellKnown, ...params }: Record<string, string>) =>
  wellKnown === undefined ? params : { ...params, wellKnown };
